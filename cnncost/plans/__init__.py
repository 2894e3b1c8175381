"""Edits of a spec that meet budgets for the least estimated damage.

Four rooms, each of which imports only itself and those above it in this list:
    edits       the text of a spec, the kinds of edit, and what edits are scored and limited by
    decisions   what a plan decides, and what every option costs
    search      the best plan within the budgets
    suggestion  what the user is told

The nouns:
    text        the spec's file, read as an `EditableSpec`; a `TextChange` replaces one span of it
    edit        one way to change the text: `Edit`, with its score and what it does to layers
    decision    what a plan picks exactly one edit for: `Decision`, whose options are edits, the
                first of them `NO_EDIT`
    cost table  what some layers cost at every combination of the options that reach them:
                `CostTable`; `CostTables` add up to the network; with the spec, a `SearchSpace`
    variant     the spec with spatial edits made (resolution, strides, pools, multipliers of
                widths): `SpatialVariant`, with a search space of its own
    budget      the most that a network may take of a metric: `Budget`
    search      finds the options of least score within all budgets: `PlanSearch`
    plan        the edits that a search picked, written, read and counted again: `Plan`
    suggestion  the plan and what to hold it against: `Suggestion`, made by a `Suggester`
"""
