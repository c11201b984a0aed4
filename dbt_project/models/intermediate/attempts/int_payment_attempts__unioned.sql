{{ union_of('attempt') }}
