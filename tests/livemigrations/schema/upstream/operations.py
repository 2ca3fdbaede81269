"""The tests in Django's tests/migrations/test_operations.py."""

TESTS = {
    "[the state of the project, nothing in the database]": """
        create_model_with_duplicate_field_name create_model_with_duplicate_base
        create_model_with_duplicate_manager_name create_model_managers rename_model_state_forwards
        alter_model_table_none rename_missing_field rename_referenced_field_state_forward alter_unique_together_remove
        rename_index_arguments add_index_state_forwards remove_index_state_forwards rename_index_state_forwards
        rename_index_state_forwards_unnamed_index alter_index_together_remove""",
    "[how Django collects SQL]": "rename_model_with_self_referential_fk_collect_sql",
    "[two apps with models of one name: not told]": "rename_model_with_m2m_models_in_different_apps_with_same_name",
    "tables/tables": "create_model",
    "tables/child": "create_model_inheritance",
    "tables/proxy and unmanaged": "create_proxy_model create_unmanaged_model",
    "tables/proxy gone": "delete_proxy_model",
    "tables/child gone": "delete_mti_model",
    "tables/model gone": "delete_model",
    "tables/reserved and quoted": "column_name_quoting",
    "tables/other comment": "alter_model_table_comment",
    "tables/order": "alter_order_with_respect_to",
    "tables/options": """
        alter_model_options alter_model_options_emptying alter_model_managers alter_model_managers_emptying""",
    "tables/sql": "run_sql run_sql_add_missing_semicolon_on_collect_sql",
    "tables/sql with parameters": "run_sql_params run_sql_noop",
    "tables/python": """
        run_python run_python_related_assignment model_with_bigautofield run_python_invalid_reverse_code""",
    "tables/python that is not atomic": "run_python_atomic",
    "tables/python that does nothing": "run_python_noop",
    "tables/separate sql": "separate_database_and_state",
    "tables/separate": "separate_database_and_state2",
    "keys/tables": "create_model_m2m",
    "keys/many to many": "add_field_m2m",
    "keys/many to many and its options": "alter_field_m2m",
    "keys/many to many repointed": "repoint_field_m2m",
    "keys/many to many removed": "remove_field_m2m",
    "keys/through removed": "remove_field_m2m_with_through",
    "keys/many to many pointed at itself": "alter_model_table_m2m_field",
    "keys/key removed": "remove_fk",
    "keys/only its options": "alter_fk",
    "keys/key to float": "alter_fk_non_fk",
    "constraints/model with together": "create_model_with_unique_after",
    "constraints/model with constraints": """
        create_model_with_constraint create_model_with_boolean_expression_in_check_constraint
        create_model_with_partial_unique_constraint create_model_with_deferred_unique_constraint
        create_model_with_covering_unique_constraint create_model_constraint_percent_escaping""",
    "constraints/together + constraints/together again": "alter_unique_together",
    "constraints/together on a key and on a unique field": """
        alter_unique_together_deferred alter_unique_together_deferred_overlapping_columns
        remove_unique_together_on_pk_field remove_unique_together_on_unique_field""",
    "constraints/index together": "alter_index_together alter_index_together_deferred_overlapping_columns",
    "constraints/index together with unique together": "alter_index_together_remove_with_unique_together",
    "constraints/check": "add_constraint",
    "constraints/check with marks": "add_constraint_percent_escaping",
    "constraints/check of several": "add_or_constraint",
    "constraints/check that rows break": "add_constraint_combinable",
    "constraints/checks removed": "remove_constraint",
    "constraints/unique and its message": "alter_constraint",
    "constraints/unique partial": "add_partial_unique_constraint",
    "constraints/unique deferrable": "add_deferred_unique_constraint",
    "constraints/unique covering": "add_covering_unique_constraint",
    "constraints/uniques removed": """
        remove_partial_unique_constraint remove_deferred_unique_constraint remove_covering_unique_constraint
        remove_func_unique_constraint""",
    "constraints/unique of fields": "alter_field_with_func_unique_constraint",
    "constraints/unique lookups": "add_func_unique_constraint",
    "renames/model with keys": "rename_model rename_model_with_self_referential_fk",
    "renames/child model": "rename_model_with_superclass_fk",
    "renames/model with a table of its own": """
        rename_model_no_relations_with_db_table_noop rename_model_with_db_table_and_fk_noop
        rename_model_with_db_table_rename_m2m""",
    "renames/model of a relation": "rename_model_with_self_referential_m2m rename_model_with_m2m",
    "renames/model with keys to itself": "rename_m2m_target_model",
    "renames/through model": "rename_m2m_through_model",
    "renames/several at once": "rename_m2m_model_after_rename_field",
    "renames/model with two references": "rename_m2m_field_with_2_references",
    "renames/table": "alter_model_table",
    "renames/same table": "alter_model_table_noop",
    "renames/table and relation + renames/table as it was": "alter_model_table_m2m",
    "renames/field": "rename_field",
    "renames/field of together": "rename_field_unique_together rename_field_index_together",
    "renames/with a column of its own": "rename_field_with_db_column",
    "renames/upper case": "rename_field_case",
    "renames/index": "rename_index",
    "renames/unnamed index": "rename_index_unnamed_index rename_index_unnamed_index_with_unique_index",
    "errors/index that is not there": "rename_index_unknown_unnamed_index",
    "errors/parameters": "run_sql_params_invalid",
    "errors/no way back": "run_sql_backward_reverse_sql_required",
    "additions/nullable with default": "add_field",
    "additions/quoted values": "add_charfield add_textfield",
    "additions/binary": "add_binaryfield",
    "additions/default not preserved": "add_field_preserve_default",
    "additions/database default": "add_field_database_default",
    "additions/database default with marks": "add_field_database_default_special_char_escaping",
    "additions/database default function": "add_field_database_default_function",
    "additions/both defaults": "add_field_both_defaults",
    "additions/removed": "remove_field",
    "stored/tables": "add_generated_field",
    "stored/stored": "add_generated_field_stored",
    "virtual/virtual": "add_generated_field_virtual",
    "stored/removed": "remove_generated_field_stored",
    "virtual/removed": "remove_generated_field_virtual",
    "stored/field behind it": "add_field_after_generated_field",
    "stored/output field": "generated_field_changes_output_field",
    "errors/stored expression + errors/stored to ordinary": "invalid_generated_field_changes_stored",
    "errors/virtual expression + errors/virtual to ordinary": "invalid_generated_field_changes_virtual",
    "errors/stored after a rename": "invalid_generated_field_changes_on_rename_stored",
    "errors/virtual after a rename": "invalid_generated_field_changes_on_rename_virtual",
    "errors/stored to virtual": "invalid_generated_field_persistency_change",
    "alterations/nullable": "alter_field",
    "alterations/database default": "alter_field_add_database_default alter_field_change_default_to_database_default",
    "alterations/database default function": "alter_field_add_database_default_func",
    "alterations/database default instead of null": """
        alter_field_change_nullable_to_database_default_not_null
        alter_field_change_nullable_to_decimal_database_default_not_null
        alter_field_change_blank_nullable_database_default_to_not_null""",
    "alterations/nothing to do": "alter_field_add_db_column_noop alter_field_python_level_on_delete_noop",
    "additions/foreign object": "alter_field_foreignobject_noop",
    "primary/identity to nothing": "alter_field_pk",
    "primary/another type with keys": "alter_field_pk_fk",
    "primary/wider with keys": """
        alter_field_pk_mti_fk alter_field_pk_mti_and_fk_to_base autofield__bigautofield_foreignfield_growth""",
    "primary/collation with keys": "create_fk_models_to_pk_field_db_collation alter_field_pk_fk_db_collation",
    "primary/key to a new field": "alter_id_pk_to_uuid_pk",
    "primary/referenced field": """
        alter_field_reloads_state_on_fk_with_to_field_target_type_change
        alter_field_reloads_state_fk_with_to_field_related_name_target_type_change""",
    "primary/referenced by others": """
        alter_field_reloads_state_on_transitive_attname_to_field_type_change
        alter_field_reloads_state_on_fk_target_changes alter_field_reloads_state_on_fk_with_to_field_target_changes""",
    "primary/char to number with keys": "alter_field_pk_fk_char_to_int",
    "primary/narrower identity + primary/small identity to whole": """
        smallfield_autofield_foreignfield_growth smallfield_bigautofield_foreignfield_growth""",
    "renames/referenced field + primary/referenced by others": "rename_field_reloads_state_on_fk_target_changes",
    "primary/field of a composite": "rename_field_add_non_nullable_field_with_composite_pk",
    "primary/to composite + primary/composite taken apart": "composite_pk_operations",
    "indexes/index": "add_index",
    "indexes/removed": "remove_index remove_func_index",
    "indexes/removed with its field": "alter_field_with_index",
    "indexes/expression with a type": "add_func_index",
    "indexes/nullable under indexes": "alter_field_with_func_index",
}
