{{ union_of('capture') }}
