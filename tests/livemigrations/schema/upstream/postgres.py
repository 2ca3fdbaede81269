"""The tests in Django's tests/postgres_tests and tests/indexes that reach the schema."""

_PYTHON = "[Python objects, nothing in the database]"
_VALIDATION = "[validation of models in Python]"

TESTS = {
    "test_constraints.SchemaTests": {
        "exclusions/ranges": """
            check_constraint_range_value check_constraint_daterange_contains check_constraint_datetimerange_contains
            check_constraint_range_contains check_constraint_range_lower_upper check_constraint_range_lower_with_nulls""",
        "exclusions/arrays": "check_constraint_array_contains check_constraint_array_length",
        "constraints/unique operator classes": """
            opclass opclass_multiple_columns opclass_partial opclass_include opclass_func""",
        _VALIDATION: "opclass_func_validate_constraints",
    },
    "test_constraints.ExclusionConstraintTests": {
        _PYTHON: """
            invalid_condition invalid_index_type invalid_expressions empty_expressions invalid_deferrable
            invalid_include_type check repr eq deconstruct deconstruct_index_type deconstruct_condition
            deconstruct_deferrable deconstruct_include covering_hash_index_not_supported
            composite_hash_index_not_supported non_equal_hash_index_not_supported""",
        _VALIDATION: "validate_range_adjacent validate_with_custom_code_and_condition database_default",
        "exclusions/of a function": "range_overlaps_custom",
        "extensions/exclusion": """
            range_overlaps expressions_with_params expressions_with_key_transform index_transform range_equal_cast""",
        "exclusions/adjacent": "range_adjacent",
        "stored/stored range": "validate_generated_field_range_adjacent",
        "exclusions/deferred": "range_adjacent_initially_deferred",
        "exclusions/condition": "range_adjacent_initially_deferred_with_condition",
        "exclusions/include": "range_adjacent_gist_include range_adjacent_spgist_include",
        "exclusions/include with condition": """
            range_adjacent_gist_include_condition range_adjacent_spgist_include_condition""",
        "exclusions/include deferred": """
            range_adjacent_gist_include_deferrable range_adjacent_spgist_include_deferrable""",
        "exclusions/operator class": """
            range_adjacent_opclass range_adjacent_opclass_condition range_adjacent_opclass_deferrable
            range_adjacent_gist_opclass_include range_adjacent_spgist_opclass_include""",
        "exclusions/hash": "hash_uniqueness",
        "exclusions/model": "table_create",
    },
    "test_operations.AddIndexConcurrentlyTests": {
        "[the engine needs no atomic = False]": "requires_atomic_false",
        "[how Django optimises operations]": "reduce_add_remove_concurrently reduce_add_remove reduce_add_rename",
        "indexes/concurrently": "add add_other_index_type add_with_options",
    },
    "test_operations.RemoveIndexConcurrentlyTests": {
        "[the engine needs no atomic = False]": "requires_atomic_false",
        "indexes/concurrently away": "remove",
    },
    "test_operations.CreateExtensionTests": {
        "errors/extension kept away": "no_allow_migrate allow_migrate_based_on_hints",
        "extensions/extension": "allow_migrate drop_nonexistent_extension",
        "extensions/extension that is there": "create_existing_extension",
    },
    "test_operations.CreateCollationTests": {
        "errors/collation kept away": "no_allow_migrate",
        "extensions/collations": "create create_non_deterministic_collation create_collation_alternate_provider",
        _PYTHON: "writer reduce_create_remove",
    },
    "test_operations.RemoveCollationTests": {
        "errors/collation kept away": "no_allow_migrate",
        "extensions/collation removed": "remove",
    },
    "test_operations.AddConstraintNotValidTests": {
        _PYTHON: "non_check_constraint_not_supported",
        "constraints/check not valid": "add",
    },
    "test_operations.ValidateConstraintTests": {"constraints/check validated": "validate"},
    "test_indexes.SchemaTests": {
        "indexes/gin": "gin_index gin_fastupdate gin_parameters",
        "extensions/gin": """
            partial_gin_index partial_gin_index_with_tablespace trigram_op_class_gin_index
            cast_search_vector_gin_index""",
        "extensions/bloom": "bloom_index bloom_parameters",
        "indexes/brin": "brin_index brin_parameters",
        "indexes/btree": "btree_index btree_parameters",
        "extensions/gist": "gist_index gist_parameters gist_include",
        "indexes/search vector": "tsvector_op_class_gist_index search_vector",
        "indexes/hash": "hash_index hash_parameters",
        "indexes/spgist": "spgist_index spgist_parameters spgist_include",
        _PYTHON: "custom_suffix custom_sql",
        "indexes/operator classes": """
            op_class op_class_descending_collation op_class_descending_partial op_class_descending_partial_tablespace""",
    },
    "test_indexes.IndexTestMixin": {
        _PYTHON: "name_auto_generation deconstruction_no_customization deconstruction_with_expressions_no_customization"
    },
    "test_indexes.BloomIndexTests": {
        _PYTHON: "suffix deconstruction invalid_fields invalid_columns invalid_columns_value invalid_length"
    },
    "test_indexes.BrinIndexTests": {_PYTHON: "suffix deconstruction invalid_pages_per_range"},
    "test_indexes.BTreeIndexTests": {_PYTHON: "suffix deconstruction"},
    "test_indexes.GinIndexTests": {_PYTHON: "suffix deconstruction"},
    "test_indexes.GistIndexTests": {_PYTHON: "suffix deconstruction"},
    "test_indexes.HashIndexTests": {_PYTHON: "suffix deconstruction"},
    "test_indexes.SpGistIndexTests": {_PYTHON: "suffix deconstruction"},
    "test_array.TestMigrations": {
        _PYTHON: "deconstruct deconstruct_with_size deconstruct_args subclass_deconstruct",
        "additions/array with default": "adding_field_with_default",
        "indexes/tables": "adding_arrayfield_with_index",
    },
}
INDEXES = {
    "SchemaIndexesTests": {
        "[the text of names and columns]": """
            index_name_hash index_name quoted_index_name columns_list_sql descending_columns_list_sql""",
        "tables/deferred to the end": "alter_field_unique_false_removes_deferred_sql",
    },
    "SchemaIndexesPostgreSQLTests": {
        "indexes/tables": "text_indexes",
        "additions/foreign object": "virtual_relation_indexes",
        "indexes/operator classes": """
            ops_class ops_class_multiple_columns ops_class_partial ops_class_partial_tablespace ops_class_descending
            ops_class_descending_partial ops_class_include ops_class_include_tablespace ops_class_columns_lists_sql
            ops_class_descending_columns_list_sql""",
    },
    "PartialIndexTests": {
        "indexes/partial": """
            partial_index integer_restriction_partial boolean_restriction_partial multiple_conditions is_null_condition
            partial_func_index"""
    },
    "CoveringIndexTests": {"indexes/covering": "covering_index covering_partial_index covering_func_index"},
}
