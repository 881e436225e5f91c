import Glibc
import Testing

/// The real services that `Tests/Services/start` starts, by the variables it sets.
public enum TestService {
  /// The value of one variable; a missing service is a failure of the test, never a reason to skip it.
  public static func required(_ variable: String) throws -> String {
    try #require(
      getenv(variable).map { String(cString: $0) }, "no service: run Tests/Services/with swift test …")
  }
}
