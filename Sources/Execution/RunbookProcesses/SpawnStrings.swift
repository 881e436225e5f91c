import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

/// The strings of one spawn in a memory file that the supervisor wipes. A secret goes from its source
/// straight into the file: no other memory of ours holds it.
struct SpawnStrings: ~Copyable {
  /// Bytes of one argument or variable without its NUL (`MAX_ARG_STRLEN` is 128 KiB with it).
  static let limit = (128 << 10) - 1

  /// Holds the strings after `finish`.
  let file: Descriptor
  private var pending: [UInt8] = []
  private(set) var argumentCount: UInt32 = 0
  private(set) var variableCount: UInt32 = 0

  /// An empty file.
  init() throws(StepFailure) {
    let number = rb_memory_file("runbook-spawn", 0o600)
    guard number >= 0 else { throw .cannotStart("a process", errno: errno) }
    file = Descriptor(number)
    pending.reserveCapacity(4096)
  }

  /// Adds what comes before the arguments; `marker` is `run/step/attempt`.
  mutating func begin(executable: String, directory: String, marker: String) throws(StepFailure) {
    guard !executable.isEmpty else {
      throw StepFailure(.spawn, "the name of the program is empty", effectIsPossible: false)
    }
    try add(executable, as: "the name of the program")
    try add(directory, as: "the working directory")
    try add(marker, as: "the step's marker")
  }

  /// Adds the program's name for itself, then its arguments.
  mutating func add(program: String, arguments: [String]) throws(StepFailure) {
    try add(program, as: "the name of the program")
    for (index, argument) in arguments.enumerated() { try add(argument, as: "argument \(index + 1)") }
    argumentCount = UInt32(arguments.count) + 1
  }

  /// Adds variables; of several with one name the last counts. `RUNBOOK_STEP` is always ours.
  mutating func add(
    environment: [(name: String, value: Value)], marker: String, secrets: (any SecretSource)?
  ) throws(StepFailure) {
    // First, so that finding it in a process means reading little.
    try add("RUNBOOK_STEP=\(marker)", as: "variable 'RUNBOOK_STEP'")
    var names: Set<String> = ["RUNBOOK_STEP"]
    var last: [Int] = []
    for index in environment.indices.reversed() where names.insert(environment[index].name).inserted {
      last.append(index)
    }
    for index in last.reversed() {
      let name = environment[index].name
      guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")) else {
        throw StepFailure(.spawn, "'\(name)' cannot be the name of a variable", effectIsPossible: false)
      }
      switch environment[index].value {
      case .plain(let value): try add("\(name)=\(value.plainText)", as: "variable '\(name)'")
      case .secret(let reference):
        guard let secrets else {
          throw StepFailure(.spawn, "variable '\(name)' cannot be a secret here", effectIsPossible: false)
        }
        try add(secret: reference, of: secrets, name: name)
      }
    }
    variableCount = UInt32(names.count)
  }

  /// Writes what is not yet in the file.
  mutating func finish() throws(StepFailure) {
    let number = file.number
    let error = pending.withUnsafeBytes { MemoryFile.write($0, to: number) }
    guard error == 0 else { throw .cannotStart("a process", errno: error) }
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func add(_ text: String, as place: String) throws(StepFailure) {
    var text = text
    let problem = text.withUTF8 { utf8 in
      pending.append(contentsOf: utf8)
      return Self.problem(UnsafeRawBufferPointer(utf8), place)
    }
    pending.append(0)
    if let problem { throw problem }
  }

  private mutating func add(
    secret: SecretReference, of secrets: any SecretSource, name: String
  ) throws(StepFailure) {
    pending.append(contentsOf: "\(name)=".utf8)
    try finish()
    let file = file.number
    let place = "variable '\(name)'"
    let failure = try secrets.withBytes(of: secret) { bytes -> StepFailure? in
      if let problem = Self.problem(bytes, place, extra: name.utf8.count + 1) { return problem }
      let error = MemoryFile.write(bytes, to: file)
      return error == 0 ? nil : .cannotStart("a process", errno: error)
    }
    if let failure { throw failure }
    pending.append(0)
  }

  private static func problem(
    _ bytes: UnsafeRawBufferPointer, _ place: String, extra: Int = 0
  ) -> StepFailure? {
    if bytes.contains(0) {
      return StepFailure(
        .spawn, "\(place) holds a NUL byte, which no process can be given", effectIsPossible: false)
    }
    let count = bytes.count + extra
    guard count > limit else { return nil }
    return StepFailure(
      .spawn, "\(place) is \(count) bytes long; the system takes at most \(limit): hand it over in a file",
      effectIsPossible: false)
  }

}
