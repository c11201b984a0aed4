with files as (

    select * from {{ ref('stg_ingest__files') }} where status = 'ingested' and source is not null

),

fact_rows as (

    {%- for model in row_facts() %}
    select source, file_sha256, file_member from {{ ref(model) }} where not is_derived
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

other_rows as (

    select * from {{ ref('int_rows__not_in_facts') }}

),

counted as (

    select
        source,
        file_sha256,
        file_member,
        count(*) as rows_in_facts,
        0 as rows_duplicate,
        0 as rows_irrelevant,
        0 as rows_unreadable
    from fact_rows
    group by source, file_sha256, file_member

    union all

    select
        source,
        file_sha256,
        file_member,
        0,
        sum(case when disposition = 'duplicate' then 1 else 0 end),
        sum(case when disposition in ('irrelevant', 'out_of_scope') then 1 else 0 end),
        sum(case when disposition = 'unreadable' then 1 else 0 end)
    from other_rows
    group by source, file_sha256, file_member

),

documents as (

    select
        source,
        file_sha256,
        file_member,
        sum(rows_in_facts) as rows_in_facts,
        sum(rows_duplicate) as rows_duplicate,
        sum(rows_irrelevant) as rows_irrelevant,
        sum(rows_unreadable) as rows_unreadable
    from counted
    group by source, file_sha256, file_member

),

-- Outer on both sides: a lake row without a known document is as unaccounted for as the reverse.
joined as (

    select
        coalesce(files.file_sha256, documents.file_sha256) as file_sha256,
        coalesce(files.member, documents.file_member) as member,
        files.source_file,
        coalesce(files.source, documents.source) as source,
        files.export_date,
        coalesce(files.rows_in_file, 0) as rows_in_file,
        coalesce(files.rows_rejected, 0) + coalesce(documents.rows_unreadable, 0) as rows_rejected,
        coalesce(files.rows_irrelevant, 0) + coalesce(documents.rows_irrelevant, 0)
            as rows_irrelevant,
        coalesce(documents.rows_duplicate, 0) as rows_duplicate,
        coalesce(documents.rows_in_facts, 0) as rows_in_facts
    from files
    full outer join documents
        on files.file_sha256 = documents.file_sha256
        and files.member = documents.file_member
        and files.source = documents.source

)

select
    file_sha256,
    member,
    source_file,
    source,
    export_date,
    cast(rows_in_file as bigint) as rows_in_file,
    cast(rows_rejected as bigint) as rows_rejected,
    cast(rows_irrelevant as bigint) as rows_irrelevant,
    cast(rows_duplicate as bigint) as rows_duplicate,
    cast(rows_in_facts as bigint) as rows_in_facts,
    cast(
        rows_in_file - rows_rejected - rows_irrelevant - rows_duplicate - rows_in_facts as bigint
    ) as rows_unaccounted
from joined
