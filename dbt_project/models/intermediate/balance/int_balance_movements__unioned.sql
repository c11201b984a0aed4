{{ union_of('balance_movement') }}
