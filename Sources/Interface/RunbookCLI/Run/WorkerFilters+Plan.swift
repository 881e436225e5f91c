import RunbookFilters
import RunbookModel
import RunbookProcesses

extension WorkerFilters {
  /// The filters of a plan, in a worker that is a child of the run's supervisor.
  init(plan: Plan, processes: SupervisedProcesses) {
    var filters: [Filter] = []
    var names: Set<String> = ["environment", "target_types"]
    names.formUnion(plan.parameters.keys)
    for step in plan.steps {
      names.insert(step.id.variableName)
      names.formUnion(step.outputs.map(\.name))
      filters +=
        step.conditions + [step.expect, step.mask].compactMap(\.self) + step.outputs.compactMap(\.filter)
    }
    self.init(filters: filters, variables: names) { () throws(StepFailure) in
      let pipe = try processes.open(executable: "/proc/self/exe", arguments: ["--filters"])
      return FilterConnection(input: pipe.input, output: pipe.output) { pipe.close() }
    }
  }
}

extension RunID {
  /// A new one: the present second in UTC and five random letters.
  static func new() -> RunID {
    let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
    let tail = (0..<5).map { _ in String(letters.randomElement() ?? "a") }.joined()
    return RunID("\(CompactTime.now())-\(tail)")
  }
}
