/// The first thing that is sent over a connection: one message, so that it costs one round trip.
///
/// The settings make results independent of how server, database and role are configured: ISO 8601 for points
/// in time and intervals, `\x…` for bytea, floats that read back as the same number. A cast to text in the
/// statement itself sees the same settings.
struct SessionSetup {
  /// False: `SET SESSION` instead of `SET LOCAL`, and no BEGIN.
  private let usesTransaction: Bool
  private let isReadOnly: Bool
  private let milliseconds: Int
  private let serverVersion: Int

  /// A set-up; `milliseconds` is what is left of the step's time.
  init(isReadOnly: Bool, usesTransaction: Bool, milliseconds: Int, serverVersion: Int) {
    self.isReadOnly = isReadOnly
    self.usesTransaction = usesTransaction
    self.milliseconds = milliseconds
    self.serverVersion = serverVersion
  }

  /// Constant but for numbers. Its last row: the statement timeout in force in milliseconds, 0 for none, and
  /// whether the server is a standby.
  var text: String {
    let local = usesTransaction ? "true" : "false"
    func set(_ name: String, _ value: String) -> String {
      "pg_catalog.set_config('\(name)', \(value), \(local))"
    }
    var columns = [
      // Never loosens a limit that the database or the role has.
      set(
        "statement_timeout",
        """
        (SELECT CASE WHEN setting::int8 BETWEEN 1 AND \(milliseconds) THEN setting ELSE '\(milliseconds)' END
        FROM pg_catalog.pg_settings WHERE name = 'statement_timeout')
        """),
      set("DateStyle", "'ISO'"), set("IntervalStyle", "'iso_8601'"), set("bytea_output", "'hex'"),
      set("extra_float_digits", "'3'"), set("standard_conforming_strings", "'on'"),
    ]
    if serverVersion >= 140_000 {
      // Servers on other systems than Linux cannot watch their client and refuse the setting.
      let name = "client_connection_check_interval"
      let interval = "CASE WHEN pg_catalog.version() LIKE '%linux%' THEN '1s' ELSE '0' END"
      columns.append(set(name, interval))
    }
    if isReadOnly, !usesTransaction { columns.append(set("default_transaction_read_only", "'on'")) }
    let begin = usesTransaction ? "BEGIN\(isReadOnly ? " READ ONLY" : ""); " : ""
    return """
      \(begin)SELECT \(columns.joined(separator: ", "));
      SELECT setting, pg_catalog.pg_is_in_recovery() FROM pg_catalog.pg_settings
      WHERE name = 'statement_timeout'
      """
  }
}
