with copies as (

    {%- for model in copy_models() %}
    select source, 'duplicate' as disposition, file_sha256, source_file, row_number
    from {{ ref(model) }}
    where copy_rank > 1 and not is_derived
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

left_out as (

    {%- for source, model in staging_models().items() %}
    select '{{ source }}' as source, row_kind as disposition, file_sha256, source_file, row_number
    from {{ ref(model) }}
    where row_kind in ('irrelevant', 'out_of_scope', 'unreadable')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

unioned as (

    select * from copies
    union all
    select * from left_out

)

select
    source,
    disposition,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from unioned
