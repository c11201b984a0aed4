{{ config(materialized='table') }}

with movements as (

    select * from {{ ref('int_balance_movements__unioned') }}

),

repeated_keys as (

    select movement_key from movements group by movement_key having count(*) > 1

)

select
    movements.*,
    row_number() over (
        partition by movements.movement_key
        order by
            movements.source_rank,
            movements.time_precision desc,
            movements.is_resaved,
            movements.ingested_at desc nulls last,
            movements.export_date desc nulls last,
            movements.content_hash,
            movements.file_sha256,
            movements.source_file,
            movements.row_number
    ) as copy_rank
from movements
inner join repeated_keys on movements.movement_key = repeated_keys.movement_key
