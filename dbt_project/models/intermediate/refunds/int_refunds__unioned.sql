{{ union_of('refund') }}
