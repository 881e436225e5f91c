/// Takes the run's secrets out of whatever is about to be shown or stored.
///
/// Knows every secret that was registered before the call, of all steps of the run; each occurrence, in any of
/// the disguises the masker knows, becomes `***`.
public protocol Redactor: Sendable {
  /// The value with secrets taken out of its strings and member names; its shape stays.
  func redacted(_ value: JSONValue) -> JSONValue

  /// The text with secrets taken out.
  func redacted(_ text: String) -> String
}
