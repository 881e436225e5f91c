import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// A step of a page whose references to other steps and names are not resolved yet.
///
/// An object that one compile owns: each of its passes looks at every step, and copies of so many fields were
/// most of the work. What leaves the compiler are values.
final class StepDraft {
  /// A mention of another step.
  struct Reference {
    enum Kind {
      case needs, undo, verify, rescue
    }

    let kind: Kind
    let id: SourceName
  }

  /// A filter and what it is for.
  struct FilterSite {
    enum Purpose {
      case condition, expect, output, mask
    }

    let purpose: Purpose
    let node: YAMLNode
    let filter: Filter
  }

  /// A mention of `${name}`.
  struct Use {
    let name: String
    let range: SourceRange
  }

  /// What is known already; id, needs, effect and target are set later.
  var step: Step
  /// What it is to its attributes.
  let kind: StepKind
  /// Its id as written; nil for a task item that has none.
  let id: SourceName?
  /// Where to point for the step as a whole: its id, or the task's text.
  let place: SourceRange
  /// Drafts it waits for where `needs` is not written.
  var implicitNeeds: [Int] = []
  /// Steps it mentions.
  var references: [Reference] = []
  /// Its filters.
  var filters: [FilterSite] = []
  /// Names mentioned outside of a body.
  var uses: [Use] = []
  /// Names its outputs define, with their places.
  var outputs: [SourceName] = []
  /// `effect`, where the author declared one.
  var declaredEffect: Effect?
  /// Where attributes stand: the value, or the name where it is bare.
  var places: [(attribute: StepAttribute, range: SourceRange)] = []
  /// `on`.
  var target: SourceName?
  /// The adapter's own attributes.
  var fields: [AdapterCall.Field] = []
  /// The body of a `call`, or of a question.
  var body: MappedText?

  /// A draft with nothing but its beginnings.
  init(_ step: Step, kind: StepKind, id: SourceName?, place: SourceRange) {
    self.step = step
    self.kind = kind
    self.id = id
    self.place = place
  }

  /// Where an attribute stands; the step itself where it has none.
  func range(of attribute: StepAttribute) -> SourceRange {
    places.first { $0.attribute == attribute }?.range ?? place
  }

  /// Whether an attribute was written.
  func has(_ attribute: StepAttribute) -> Bool { places.contains { $0.attribute == attribute } }

  /// What adapters mind of all this.
  var traits: StepTraits {
    StepTraits(
      isInteractive: step.isInteractive, hasDuration: step.durationMilliseconds != nil,
      declaredEffect: declaredEffect, outputs: step.outputs.map(\.name))
  }
}
