internal import Glibc
internal import HTTPTransport
internal import RunbookAdapter
internal import RunbookModel

/// `ps`, `images`, `port`, `top` and `logs`, answered by the engine.
struct EngineReads {
  let engine: DockerEngine
  let project: String
  let output: OutputRecord

  /// Answers one line; returns the containers it was about.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where a service that it names has no container.
  func answer(_ line: FilledLine) async throws(StepFailure) -> [ServiceState] {
    let all = try await engine.services(of: project)
    var chosen = all
    if !line.services.isEmpty {
      for service in line.services where !all.contains(where: { $0.service == service }) {
        throw Self.noContainer(of: service, in: project)
      }
      chosen = all.filter { line.services.contains($0.service) }
    }
    switch line.line.subcommand {
    case "images": try await showImages(chosen, line)
    case "port": try showPort(chosen, line)
    case "top": try await showProcesses(chosen)
    case "logs": try await showLogs(chosen, line)
    default:
      if let status = line.value("--status") { chosen = chosen.filter { $0.state == status } }
      showStates(chosen, line)
    }
    return chosen
  }

  /// What `ps` and its like say of a service that has no container.
  static func noContainer(of service: String, in project: String) -> StepFailure {
    StepFailure(
      .notFound, "service '\(service)' has no container in project '\(project)'", effectIsPossible: false)
  }

  private func showStates(_ states: [ServiceState], _ line: FilledLine) {
    if line.line.has("--quiet") {
      output.write(states.map { $0.id + "\n" }.joined())
    } else if line.line.has("--services") {
      var names: [String] = []
      for state in states where !names.contains(state.service) { names.append(state.service) }
      output.write(names.map { $0 + "\n" }.joined())
    } else {
      output.write(Self.table(of: states))
    }
  }

  /// The containers for people.
  static func table(of states: [ServiceState]) -> String {
    var table = TextTable(["SERVICE", "STATUS", "IMAGE", "PORTS", "CONTAINER"])
    for state in states {
      table.add([
        state.service, state.state == "created" ? "Created" : state.status, state.image, state.portsText,
        state.name,
      ])
    }
    return table.text
  }

  private func showImages(_ states: [ServiceState], _ line: FilledLine) async throws(StepFailure) {
    var ids: [String] = []
    for state in states where !ids.contains(state.imageID) { ids.append(state.imageID) }
    if line.line.has("--quiet") {
      output.write(ids.map { $0 + "\n" }.joined())
      return
    }
    let images = try await engine.json(ids.map { engine.request("/images/\(DockerEngine.encoded($0))/json") })
    var table = TextTable(["CONTAINER", "IMAGE", "IMAGE ID", "CREATED", "SIZE"])
    for state in states {
      let image = ids.firstIndex(of: state.imageID).flatMap { images[$0] }
      let size = image?["Size"]?.integer.map { "\(($0 + 500_000) / 1_000_000) MB" } ?? "-"
      table.add([
        state.name, state.image, String(state.imageID.drop { $0 != ":" }.dropFirst().prefix(12)),
        image?["Created"]?.string.map { String($0.prefix(19)) } ?? "-", size,
      ])
    }
    output.write(table.text)
  }

  private func showPort(_ states: [ServiceState], _ line: FilledLine) throws(StepFailure) {
    let transport = line.value("--protocol") ?? "tcp"
    let number = line.value("--index").flatMap(Int.init) ?? 1
    let target = line.operands.last.flatMap(Int.init)
    let ports = states.filter { $0.number == number }.flatMap(\.ports)
      .filter { $0.target == target && $0.transport == transport }
    let published = ports.compactMap { port in
      port.published.map { "\(port.address ?? "0.0.0.0"):\($0)\n" }
    }
    guard let first = published.first else {
      throw StepFailure(
        .notFound,
        "port \(line.operands.last ?? "")/\(transport) of service '\(line.services[0])' is not published",
        effectIsPossible: false)
    }
    output.write(first)
  }

  private func showProcesses(_ states: [ServiceState]) async throws(StepFailure) {
    let running = states.filter { $0.state == "running" }
    let answers = try await engine.json(running.map { engine.request("/containers/\($0.id)/top") })
    for (state, answer) in zip(running, answers) {
      func texts(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }
      let titles = texts(answer?["Titles"])
      guard !titles.isEmpty else { continue }
      var table = TextTable(titles)
      for process in answer?["Processes"]?.array ?? [] where texts(process).count == titles.count {
        table.add(texts(process))
      }
      output.write("\(state.name)\n\(table.text)\n")
    }
  }

  private func showLogs(_ states: [ServiceState], _ line: FilledLine) async throws(StepFailure) {
    var query = [("stdout", "1"), ("stderr", "1")]
    if line.line.has("--follow") { query.append(("follow", "1")) }
    if line.line.has("--timestamps") { query.append(("timestamps", "1")) }
    query.append(("tail", try tail(line)))
    for (option, name) in [("--since", "since"), ("--until", "until")] {
      guard let text = line.value(option) else { continue }
      guard let seconds = LogTime.seconds(text, now: Int(time(nil))) else {
        throw StepFailure(
          .spawn, "'\(text)' is no time for \(option): 10m, 2026-11-20T10:00:00Z or seconds since 1970",
          effectIsPossible: false)
      }
      query.append((name, String(seconds)))
    }
    let names = states.map { state in
      states.contains { $0.service == state.service && $0.number != state.number }
        ? "\(state.service)-\(state.number)" : state.service
    }
    let width = names.map(\.count).max() ?? 0
    var requests: [HTTPRequest] = []
    var streams: [LogStream] = []
    for (state, name) in zip(states, names) {
      let space = String(repeating: " ", count: width - name.count)
      let stream = LogStream(
        prefix: line.line.has("--no-log-prefix") ? "" : "\(name)\(space) | ", isFramed: !state.hasTerminal,
        output: output)
      streams.append(stream)
      requests.append(
        engine.request("/containers/\(state.id)/logs", query: query, captureLimit: 4096) { stream.take($0) })
    }
    if line.line.has("--follow") {
      _ = try await engine.get(requests)
      for stream in streams { stream.finish() }
    } else {
      // One after the other: what belongs together stays together.
      for (request, stream) in zip(requests, streams) {
        _ = try await engine.get([request])
        stream.finish()
      }
    }
  }

  private func tail(_ line: FilledLine) throws(StepFailure) -> String {
    guard let text = line.value("--tail"), text != "all" else { return "all" }
    guard let number = Int(text), number >= 0 else {
      throw StepFailure(.spawn, "'\(text)' is no number of lines for --tail", effectIsPossible: false)
    }
    return String(number)
  }
}
