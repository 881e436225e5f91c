import Glibc
import RunbookAudit
import RunbookModel

/// Logs that somebody read the log, or took a copy of it.
enum AccessRecord {
  /// Logs it; a log that cannot be written is read all the same, with a word about it.
  static func note(_ event: LogEvent, at location: StoreLocation, what: String) async {
    guard let reason = await write(event, at: location) else { return }
    StandardStream.line("runbook: \(what) is not logged: \(reason)", to: STDERR_FILENO)
  }

  /// Logs it.
  ///
  /// - Returns: Why that was not possible; nil where it was.
  static func write(_ event: LogEvent, at location: StoreLocation) async -> String? {
    // Opening would make folders in it.
    guard AuditStore.canSign(location) else { return "this is a copy, which has no signing key" }
    do {
      _ = try await AuditStore.open(location, version: RunbookCommand.version).append(event)
      return nil
    } catch let failure as AuditFailure {
      return failure.reason
    } catch let failure as JournalFailure {
      return failure.reason
    } catch { return "\(error)" }
  }
}
