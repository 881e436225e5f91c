internal import Glibc
internal import HTTPTransport
internal import RunbookAdapter
internal import RunbookDiagnostics
internal import RunbookModel

/// Proves what can be proved of changes without making any. Compose's own `--dry-run` is no part of it: it has
/// changed things.
struct ComposeRehearsal {
  let target: ComposeTarget
  let engine: DockerEngine
  let context: StepContext
  private let program: ComposeProgram
  private let model: ComposeModel
  private let states: [ServiceState]

  /// Reads the files and the state of the project.
  init(
    target: ComposeTarget, engine: DockerEngine, context: StepContext
  ) async throws(StepFailure) {
    self.target = target
    self.engine = engine
    self.context = context
    program = try ComposeProgram.find(in: context.baseEnvironment)
    model = try await ComposeModel.read(program, target, in: context)
    states = try await engine.services(of: target.project)
  }

  /// What is proved of one line, and what cannot be.
  private struct Proof {
    var facts: [String] = []
    var doubts: [String] = []
  }

  func prove(_ lines: [FilledLine]) async throws(StepFailure) -> Rehearsal {
    var proof = Proof()
    for line in lines {
      try await checkNames(line)
      try await prove(line, &proof)
    }
    if proof.facts.isEmpty, proof.doubts.isEmpty {
      proof.facts.append("the engine answers and the files parse")
    }
    let text = (proof.facts + proof.doubts).joined(separator: "; ")
    return proof.doubts.isEmpty ? .verified(text) : .unverifiable(text)
  }

  private func checkNames(_ line: FilledLine) async throws(StepFailure) {
    try await program.refuseUnknown(line.line, on: target, in: context)
    for service in line.services where model.service(service) == nil {
      let nearest = NearestName.match(service, among: model.services.map(\.name))
      throw StepFailure(
        .notFound,
        "no service '\(service)' in the Compose files" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
        effectIsPossible: false)
    }
  }

  private func prove(_ line: FilledLine, _ proof: inout Proof) async throws(StepFailure) {
    switch line.line.subcommand {
    case "up", "create", "scale": try await proveUp(line, &proof)
    case "run":
      try await proveUp(line, &proof)
      proof.doubts.append("what runs inside cannot be tried without running it")
    case "exec": try await proveExec(line, &proof)
    case "start", "restart":
      for service in line.services where states(of: service).isEmpty {
        throw EngineReads.noContainer(of: service, in: target.project)
      }
      describe(line, &proof) { state in
        line.line.subcommand == "restart"
          ? "would be restarted" : state.isRunning ? "stays as it is" : "would be started"
      }
    case "stop": describe(line, &proof) { $0.isRunning ? "would be stopped" : "stays as it is" }
    case "kill": describe(line, &proof) { $0.isRunning ? "would be killed" : "stays as it is" }
    case "pause": describe(line, &proof) { $0.state == "running" ? "would be paused" : "stays as it is" }
    case "unpause": describe(line, &proof) { $0.state == "paused" ? "would go on" : "stays as it is" }
    case "rm":
      describe(line, &proof) { state in
        state.isRunning && !line.line.has("--stop") ? "runs and stays" : "would be removed"
      }
    case "down": try await proveDown(line, &proof)
    case "build":
      for service in model.affected(by: line.services, profiles: target.profiles, withDependencies: false) {
        guard let context = service.buildContext else { continue }
        try checkBuild(service, context)
        proof.facts.append("\(service.name): would be built from \(context)")
      }
      proof.doubts.append("whether it builds is not known without building")
    case "pull":
      for service in model.affected(by: line.services, profiles: target.profiles, withDependencies: false) {
        guard let image = service.image else { continue }
        try await provePull(image, of: service, &proof)
      }
    case "push": proof.doubts.append("whether the registry takes it is not known without pushing")
    case "cp":
      for service in line.services where states(of: service).isEmpty {
        throw EngineReads.noContainer(of: service, in: target.project)
      }
      proof.facts.append("the container is there")
      proof.doubts.append("what is copied is not known without copying")
    default: break
    }
  }

  private func states(of service: String) -> [ServiceState] { states.filter { $0.service == service } }

  /// The state of each service the line is about, and what would come of it.
  private func describe(_ line: FilledLine, _ proof: inout Proof, _ wanted: (ServiceState) -> String) {
    let names = line.services.isEmpty ? model.services.map(\.name) : line.services
    for name in names {
      let states = states(of: name)
      if states.isEmpty, !line.services.isEmpty { proof.facts.append("\(name): no container, nothing to do") }
      for state in states { proof.facts.append("\(label(state)): \(state.statusText) → \(wanted(state))") }
    }
  }

  private func label(_ state: ServiceState) -> String {
    states(of: state.service).count > 1 ? "\(state.service)-\(state.number)" : state.service
  }

  // MARK: Starting

  private func proveUp(_ line: FilledLine, _ proof: inout Proof) async throws(StepFailure) {
    let withDependencies = !line.line.has("--no-deps") && line.line.subcommand != "scale"
    for service in model.affected(
      by: line.services, profiles: target.profiles, withDependencies: withDependencies)
    {
      try await proveImage(service, line, &proof)
      let isOneOff = line.line.subcommand == "run" && service.name == line.services.first
      if isOneOff {
        proof.facts.append("\(service.name): a container of its own would be made")
        continue
      }
      if line.line.subcommand == "scale",
        let operand = line.operands.first(where: { $0.hasPrefix(service.name + "=") })
      {
        let count = states(of: service.name).filter(\.isRunning).count
        proof.facts.append(
          "\(service.name): \(count) running → \(operand.dropFirst(service.name.utf8.count + 1))")
        continue
      }
      let states = states(of: service.name)
      let starts = line.line.subcommand != "create" && !line.line.has("--no-start")
      if states.isEmpty {
        proof.facts.append(
          "\(service.name): no container → would be created" + (starts ? " and started" : ""))
      }
      for state in states {
        proof.facts.append(
          "\(label(state)): \(state.statusText) → \(wanted(of: state, line, starts: starts))")
      }
    }
  }

  private func wanted(of state: ServiceState, _ line: FilledLine, starts: Bool) -> String {
    if line.line.has("--force-recreate") { return "would be made anew" }
    if line.line.has("--build") { return "would be made anew if its image changes" }
    let isUnchanged = model.hashes[state.service].map { $0 == state.configHash }
    if isUnchanged == false, !line.line.has("--no-recreate") {
      return "would be made anew: it differs from the files"
    }
    return state.isRunning || !starts ? "stays as it is" : "would be started"
  }

  private func proveImage(
    _ service: ComposeModel.Service, _ line: FilledLine, _ proof: inout Proof
  ) async throws(StepFailure) {
    let name: String
    if let image = service.image {
      name = image
    } else {
      let separator = try await program.isFirstGeneration(on: target, in: context) ? "_" : "-"
      name = target.project + separator + service.name
    }
    if try await engine.json("/images/\(DockerEngine.encodedPath(name))/json") != nil { return }
    if let context = service.buildContext, !line.line.has("--no-build") {
      try checkBuild(service, context)
      proof.facts.append("\(service.name): image \(name) is not here → would be built from \(context)")
    } else if line.value("--pull") == "never" || service.image == nil {
      throw StepFailure(
        .notFound, "service '\(service.name)': image '\(name)' is not here", effectIsPossible: false)
    } else {
      try await provePull(name, of: service, &proof)
    }
  }

  /// The registry is asked for the image's manifest; nothing is pulled.
  private func provePull(
    _ image: String, of service: ComposeModel.Service, _ proof: inout Proof
  ) async throws(StepFailure) {
    let found = try? await engine.json("/distribution/\(DockerEngine.encodedPath(image))/json")
    if found?["Descriptor"] != nil {
      proof.facts.append("\(service.name): image \(image) is in its registry → would be pulled")
    } else {
      proof.doubts.append("\(service.name): image \(image) is not here, and its registry does not confirm it")
    }
  }

  private func checkBuild(_ service: ComposeModel.Service, _ path: String) throws(StepFailure) {
    guard path.hasPrefix("/"), access(path, R_OK | X_OK) != 0 else { return }
    throw StepFailure(
      .notFound, "service '\(service.name)': its build context '\(path)' cannot be read",
      effectIsPossible: false)
  }

  // MARK: Inside, and down

  private func proveExec(_ line: FilledLine, _ proof: inout Proof) async throws(StepFailure) {
    let number = line.value("--index").flatMap(Int.init)
    guard let service = line.services.first,
      let state = states(of: service).first(where: { number == nil || $0.number == number })
    else { throw EngineReads.noContainer(of: line.services.first ?? "", in: target.project) }
    guard state.state == "running" else {
      throw StepFailure(
        .unreachable, "service '\(service)' is not running: \(state.statusText)", effectIsPossible: false)
    }
    let program = line.operands.dropFirst().first ?? ""
    if try await !exists(program, in: state) {
      throw StepFailure(
        .notFound, "there is no program '\(program)' in the container of '\(service)'",
        effectIsPossible: false)
    }
    proof.facts.append("\(label(state)): \(state.statusText), '\(program)' is there")
    proof.doubts.append("what it does cannot be tried without running it")
  }

  /// Whether the container has a program of that name; a relative path counts as there.
  private func exists(_ program: String, in state: ServiceState) async throws(StepFailure) -> Bool {
    var paths = [program]
    if !program.contains("/") {
      let variables = try await engine.json("/containers/\(state.id)/json")?["Config"]?["Env"]?.array ?? []
      let path = variables.compactMap(\.string).last { $0.hasPrefix("PATH=") }?.dropFirst(5)
      paths = (path ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .split(separator: ":").map { "\($0)/\(program)" }
    } else if !program.hasPrefix("/") {
      return true
    }
    let requests = paths.map { path in
      var request = engine.request("/containers/\(state.id)/archive", query: [("path", path)])
      request.method = "HEAD"
      return request
    }
    return try await engine.get(requests).contains { $0 != nil }
  }

  private func proveDown(_ line: FilledLine, _ proof: inout Proof) async throws(StepFailure) {
    for state in states { proof.facts.append("\(label(state)): \(state.statusText) → would be removed") }
    guard line.line.has("--volumes") else { return }
    let filter: JSONValue = ["label": [.string("com.docker.compose.project=\(target.project)")]]
    let volumes =
      try await engine.json("/volumes", query: [("filters", filter.text)])?["Volumes"]?.array ?? []
    for name in volumes.compactMap({ $0["Name"]?.string }).sorted() {
      proof.facts.append("volume \(name) would be deleted with all data in it")
    }
  }
}

extension ServiceState {
  /// The engine's words, as they stand in a sentence.
  fileprivate var statusText: String {
    let text = status.isEmpty ? state : status
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
