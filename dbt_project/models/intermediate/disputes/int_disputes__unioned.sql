{#- A table: what reads it would each plan the union of all providers anew. -#}
{{ config(materialized='table') }}

{{ union_of('dispute') }}
