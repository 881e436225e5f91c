import RunbookEngine
import RunbookModel
import Synchronization

/// A generator with a seed, so that a failing test can be run again (SplitMix64, public domain constants).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A generator that depends on nothing but the seed and these words, so that a replay meets the same fate.
  init(seed: UInt64, _ words: String...) {
    var hash = seed ^ 0xcbf2_9ce4_8422_2325
    for word in words { for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    self.init(seed: hash)
  }
}

/// A random plan, and a fate for each of its attempts and questions, all from one seed.
struct RandomTrial {
  let seed: UInt64
  let plan: Plan

  init(seed: UInt64) {
    self.seed = seed
    var generator = SeededGenerator(seed: seed)
    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
    var steps: [Step] = []
    for index in 0..<Int.random(in: 1...8, using: &generator) {
      let id = "s\(index)"
      if chance(10) {
        steps.append(.manual(id))
        continue
      }
      if chance(8) {
        steps.append(.ask(id, default: chance(50) ? "blue" : nil))
        continue
      }
      var step = Step.call(id, Effect.allCases.randomElement(using: &generator) ?? .read)
      if index > 0, chance(25) {
        step.hasExplicitNeeds = true
        step.needs = (0..<index).filter { _ in chance(40) }.map { StepID("s\($0)") }
      }
      if chance(25) { step.conditions = [Filter(chance(60) ? "true" : "false")] }
      if chance(5) { step.conditions.append(Filter("broken")) }
      step.isIdempotent = chance(40)
      if chance(20) { step.outputs = [.init(name: "out\(index)", filter: nil, isSecret: chance(30))] }
      if index > 0, chance(20) { step.uses = ["out\(Int.random(in: 0..<index, using: &generator))"] }
      if step.effect > .read, chance(60) {
        step.undo = StepID("u\(index)")
        var undo = Step.call("u\(index)", chance(20) ? .destructive : .write, role: .undo)
        if chance(15) { undo.conditions = [Filter(chance(50) ? "true" : "false")] }
        steps.append(undo)
      }
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: step.onFailure = .continue
      case 1: step.onFailure = .stop
      case 2: step.onFailure = .undo
      case 3:
        step.onFailure = .rescue(StepID("r\(index)"))
        steps.append(.call("r\(index)", role: .rescue))
      default: break
      }
      steps.append(step)
    }
    let policy = Environment.ConfirmPolicy.allCases.randomElement(using: &generator) ?? .write
    var plan = Plan.trial(steps, confirm: policy, isProtected: chance(20))
    if chance(20) { plan.timeoutMilliseconds = 40 }
    if chance(15) { plan.unselected = plan.mainSteps.map(\.id).filter { _ in chance(30) } }
    self.plan = plan
  }

  /// Everything a run of it needs.
  func trial(capacity: Int = .max) -> Trial {
    var generator = SeededGenerator(seed: seed, "options")
    var trial = Trial([])
    trial.plan = plan
    trial.journal = MemoryJournal(capacity: capacity)
    trial.hasTerminal = UInt8.random(in: 0..<10, using: &generator) < 8
    trial.answersYes = Bool.random(using: &generator)
    trial.confirmed = plan.steps.map(\.id).filter { _ in Bool.random(using: &generator) }
    let seed = seed
    trial.script = { task in
      var fate = SeededGenerator(seed: seed, "perform", task.step.id.rawValue, "\(task.attempt)")
      switch Int.random(in: 0..<10, using: &fate) {
      case 0, 1: return .failed(effectIsPossible: Bool.random(using: &fate))
      case 2 where task.step.effect > .read: return .unknown
      default:
        return .ok(
          task.step.outputs.filter { !$0.isSecret }.map { .init($0.name, .string("v\(task.attempt)")) })
      }
    }
    return trial
  }
}

/// Answers by fate: the same to the same question, however often it is asked.
struct FatefulConfirmer: Confirmer {
  let seed: UInt64

  private func fate(_ kind: String, _ subject: PromptSubject) -> SeededGenerator {
    SeededGenerator(seed: seed, kind, subject.step.id.rawValue, "\(subject.attempt)")
  }

  func confirm(_ prompt: ConfirmationPrompt) async -> ConfirmationReply? {
    var fate = fate("confirm", prompt.subject)
    let answer =
      Int.random(in: 0..<10, using: &fate) < 7
      ? Answer.run : prompt.choices.randomElement(using: &fate) ?? .stop
    return ConfirmationReply(answer, typed: prompt.request.mustType)
  }

  func manual(_ prompt: ManualPrompt) async -> ManualReply? {
    var fate = fate("manual", prompt.subject)
    switch Int.random(in: 0..<10, using: &fate) {
    case 0: return .skipped(note: "why")
    case 1: return .failed(note: "what")
    case 2: return prompt.offersUndo ? .undo : .stop
    case 3: return nil
    default: return .done(note: nil)
    }
  }

  func input(_ prompt: InputPrompt) async -> String? {
    var fate = fate("input", prompt.subject)
    return Int.random(in: 0..<10, using: &fate) == 0 ? nil : "text"
  }

  func failure(_ prompt: FailurePrompt) async -> FailureReply? {
    var fate = fate("failure", prompt.subject)
    let choices = prompt.choices.filter { $0 != .retry || prompt.subject.attempt < 4 }
    switch choices.randomElement(using: &fate) {
    case .retry: return prompt.isLost ? .again(note: "no harm") : .retry
    case .skip: return .skip
    case .done: return .done(note: "by hand")
    case .failed: return .failed(note: "not there")
    case .undo: return .undo
    case .stop, .continue, .rescue, nil: return .stop
    }
  }
}
