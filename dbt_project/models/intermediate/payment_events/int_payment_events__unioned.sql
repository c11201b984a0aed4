{{ union_of('payment_event') }}
