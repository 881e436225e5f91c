/// Functions whose call is never a read, whatever a page declares.
///
/// They end sessions, use up sequence values, take locks that outlive a statement, write files or the log,
/// move replication on or reach another server; most of it happens in a READ ONLY transaction too and is not
/// undone with it. Taken from chapter 9.27 and appendix F of PostgreSQL's documentation, versions 10 to 18.
enum ChangingFunctions {
  /// Whether calling `name`, as the server folds it, does one of these things.
  ///
  /// - Parameter isBuiltIn: Whether the name stands alone or behind `pg_catalog`; in another schema only the
  ///   functions of extensions are meant.
  static func contain(_ name: String, isBuiltIn: Bool) -> Bool {
    if extensionNames.contains(name) || extensionPrefixes.contains(where: name.hasPrefix) { return true }
    return isBuiltIn && (names.contains(name) || prefixes.contains(where: name.hasPrefix))
  }

  private static let names = set(builtIn + " " + ofOtherVersions)
  private static let extensionNames = set(ofExtensions)
  private static func set(_ list: String) -> Set<String> { Set(list.split(separator: " ").map(String.init)) }

  private static let prefixes = ["binary_upgrade_", "pg_advisory_", "pg_stat_reset", "pg_try_advisory_"]
  private static let extensionPrefixes = ["dblink", "heap_force_", "injection_points_"]

  /// Those of PostgreSQL 15; a test asks a server for them.
  static let builtIn = """
    brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list lo_creat \
    lo_create lo_export lo_from_bytea lo_import lo_put lo_truncate lo_truncate64 lo_unlink lowrite nextval \
    pg_backup_start pg_backup_stop pg_cancel_backend pg_copy_logical_replication_slot \
    pg_copy_physical_replication_slot pg_create_logical_replication_slot \
    pg_create_physical_replication_slot pg_create_restore_point pg_current_xact_id \
    pg_drop_replication_slot pg_extension_config_dump pg_import_system_collations \
    pg_log_backend_memory_contexts pg_logical_emit_message pg_logical_slot_get_binary_changes \
    pg_logical_slot_get_changes pg_nextoid pg_notify pg_promote pg_reload_conf pg_replication_origin_advance \
    pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset \
    pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup \
    pg_replication_slot_advance pg_rotate_logfile pg_rotate_logfile_old pg_stop_making_pinned_objects \
    pg_switch_wal pg_terminate_backend pg_wal_replay_pause pg_wal_replay_resume set_config setval \
    txid_current
    """

  private static let ofOtherVersions = """
    pg_clear_attribute_stats pg_clear_relation_stats pg_log_standby_snapshot pg_restore_attribute_stats \
    pg_restore_relation_stats pg_start_backup pg_stop_backup pg_switch_xlog pg_sync_replication_slots \
    pg_xlog_replay_pause pg_xlog_replay_resume
    """

  private static let ofExtensions = """
    autoprewarm_dump_now autoprewarm_start_worker pg_buffercache_evict pg_buffercache_evict_all \
    pg_buffercache_evict_relation pg_file_rename pg_file_sync pg_file_unlink pg_file_write \
    pg_stat_statements_reset pg_truncate_visibility_map postgres_fdw_disconnect postgres_fdw_disconnect_all
    """
}
