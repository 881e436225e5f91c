public import RunbookModel

/// What a verification found wrong, or wants known.
public struct VerificationFinding: Sendable, Hashable {
  /// How bad it is.
  public enum Severity: String, Sendable {
    /// Somebody changed something, or lost it.
    case mismatch
    /// Nothing is wrong, and it limits what the verification says.
    case warning
  }

  public let severity: Severity
  /// The event it is about, by its number; nil where it is about something else.
  public let sequence: UInt64?
  /// For people: lower case, no full stop.
  public let text: String
}

/// What was verified, and how much.
public struct VerificationSummary: Sendable {
  /// The log's name; nil where it was never signed.
  public var origin: String?
  /// The key that signs at the end.
  public var key: VerifierKey?
  /// Lines of the journal.
  public var events: UInt64 = 0
  /// Events under the last good checkpoint.
  public var signed: UInt64 = 0
  /// Root of the tree over all events.
  public var root: SHA256.Hash?
  /// Good checkpoints.
  public var checkpoints = 0
  /// Tiles and bundles that were compared.
  public var tiles = 0
  /// Blobs that were compared.
  public var blobs = 0
  /// Runs that began.
  public var runs = 0
  /// Runs without an end, oldest first; at most ten.
  public var openRuns: [RunID] = []
  /// Where the log is anchored.
  public private(set) var anchoring = Anchoring.none
  /// The events that the best anchor is over; 0 without one.
  public private(set) var anchored: UInt64 = 0
  /// When somebody else saw them; nil where nobody else says so.
  public private(set) var anchoredAt: Timestamp?
  /// Findings by severity.
  public var mismatches = 0
  public var warnings = 0

  /// Whether nothing is wrong.
  public var isSound: Bool { mismatches == 0 }

  /// Takes a good anchor into account: the best kind counts, and of that the one over the most events.
  mutating func reach(_ level: Anchoring, _ size: UInt64, at time: Timestamp?) {
    guard (level.rawValue, size) >= (anchoring.rawValue, anchored) else { return }
    anchoring = level
    anchored = size
    anchoredAt = time
  }
}

/// How hard it is to roll the log back or to write it anew without anybody noticing.
public enum Anchoring: String, Sendable, CaseIterable {
  /// Nothing of the log is known to be elsewhere.
  case none = "L0"
  /// Compared with a checkpoint that was kept elsewhere.
  case checkpoint = "L2"
  /// A time stamping authority saw a checkpoint.
  case timeStamp = "L3"
  /// A witness signed a checkpoint, having seen that the log only grew.
  case witness = "L4"

  /// For people.
  public var text: String {
    switch self {
    case .none: "none: a roll-back, or whoever has the key, would not be noticed; keep checkpoints elsewhere"
    case .checkpoint: "consistent with a checkpoint kept elsewhere"
    case .timeStamp: "a time stamping authority saw it"
    case .witness: "a witness saw it grow"
    }
  }
}

/// What to verify a log against.
public struct VerificationOptions: Sendable {
  /// Notes that were kept elsewhere.
  public var checkpoints: [SignedNote] = []
  /// The key that somebody vouches for: one of those the log had.
  public var key: VerifierKey?
  /// Those whose time stamps are believed.
  public var authorities: TimeStampAuthorities?
  /// Those whose signatures under checkpoints are believed.
  public var witnesses: [WitnessKey] = []

  /// Nothing from elsewhere.
  public init() {}
}
