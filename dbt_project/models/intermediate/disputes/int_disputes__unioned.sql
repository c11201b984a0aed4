{{ union_of('dispute') }}
