/// What performing a step can do to the outside system, from harmless to irreversible.
public enum Effect: String, Sendable, Comparable, CaseIterable {
  case read, write, destructive

  public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .read: 0
    case .write: 1
    case .destructive: 2
    }
  }

  /// What an adapter says of a step without contacting its target.
  public struct Claim: Sendable, Hashable {
    /// The highest effect the step can have as far as the adapter can tell.
    public let effect: Effect
    /// Whether the adapter is certain; an author may lower an assumed effect, never a known one.
    public let isKnown: Bool

    /// A claim; `isKnown` is false where the body is a program the adapter cannot judge.
    public init(_ effect: Effect, isKnown: Bool) {
      self.effect = effect
      self.isKnown = isKnown
    }
  }

  /// Where a step's effect in the plan comes from.
  public enum Source: String, Sendable {
    /// The adapter is certain.
    case known
    /// The adapter could not tell and took the cautious value.
    case assumed
    /// The page's author said so with `effect=`; shown everywhere as the author's word.
    case declared
  }
}
