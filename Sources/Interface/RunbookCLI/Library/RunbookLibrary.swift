import Glibc
import RunbookDiagnostics

/// The folders that runbooks are found in, and the pages in them.
struct RunbookLibrary: Sendable {
  /// One page's place.
  struct Entry: Sendable, Hashable {
    /// What it is called by: its path below the folder, without `.md`.
    let name: String
    /// Absolute.
    let path: String
    /// The folder it was found in, absolute; its `environments` are the page's.
    let root: String
  }

  /// Why a name leads to no page.
  struct Failure: Error, Sendable {
    let message: String
  }

  /// In the order of search, absolute, without repetitions.
  let roots: [String]

  /// `--dir`, else RUNBOOK_PATH, then `runbooks/` of the working directory and of each parent up to the repository root.
  init(directory: String?, workingDirectory: String = ProcessInfo.workingDirectory) throws(Failure) {
    var candidates: [String] = []
    if let directory {
      guard Files.isDirectory(directory) else { throw Failure(message: "'\(directory)' is no directory") }
      candidates = [directory]
    } else {
      candidates += (ProcessInfo.environment("RUNBOOK_PATH") ?? "").split(separator: ":").map(String.init)
      var folder = workingDirectory
      while true {
        candidates.append(folder == "/" ? "/runbooks" : folder + "/runbooks")
        if folder == "/" || Files.exists(folder + "/.git") { break }
        folder = Files.parent(of: folder)
      }
    }
    var roots: [String] = []
    for candidate in candidates {
      if let path = Files.realPath(candidate), Files.isDirectory(path), !roots.contains(path) {
        roots.append(path)
      }
    }
    self.roots = roots
  }

  /// All Markdown pages, runbooks or not, each name once: an earlier folder hides a later one.
  func entries() -> [Entry] {
    var entries: [Entry] = []
    var seen: Set<String> = []
    for root in roots {
      collect(root, prefix: "", root: root, depth: 0) { entry in
        if seen.insert(entry.name).inserted { entries.append(entry) }
      }
    }
    return entries.sorted { $0.name < $1.name }
  }

  /// The page of that name, or at that path.
  ///
  /// - Throws: `Failure` with the nearest names where there is none, or where the name would leave its folder.
  func entry(named name: String) throws(Failure) -> Entry {
    if name.hasSuffix(".md") || name.hasPrefix("/") || name.hasPrefix("./") || name.hasPrefix("../") {
      return try entry(atPath: name)
    }
    guard
      !name.split(separator: "/", omittingEmptySubsequences: false).contains(where: {
        ["", ".", ".."].contains($0)
      })
    else { throw Failure(message: "'\(name)' is no name of a runbook: it has empty, '.' or '..' parts") }
    for root in roots {
      let path = "\(root)/\(name).md"
      guard Files.exists(path) else { continue }
      guard let real = Files.realPath(path), Files.isBelow(root, real) else {
        throw Failure(message: "'\(name)' leads out of \(root) by a symbolic link")
      }
      return Entry(name: name, path: real, root: root)
    }
    try requireRoot()
    var message = "no runbook is named '\(name)' in \(roots.joined(separator: ", "))"
    if let nearest = NearestName.match(name, among: entries().map(\.name)) {
      message += "; did you mean '\(nearest)'?"
    }
    throw Failure(message: message)
  }

  /// - Throws: `Failure` where no folder was found at all.
  func requireRoot() throws(Failure) {
    guard roots.isEmpty else { return }
    throw Failure(message: "no folder 'runbooks' here or above; say where with --dir or RUNBOOK_PATH")
  }

  private func entry(atPath path: String) throws(Failure) -> Entry {
    guard let real = Files.realPath(path) else { throw Failure(message: "there is no file '\(path)'") }
    let root = roots.first { Files.isBelow($0, real) } ?? Files.parent(of: real)
    var name = Files.relative(real, to: root)
    if name.hasSuffix(".md") { name.removeLast(3) }
    return Entry(name: name, path: real, root: root)
  }

  private func collect(_ directory: String, prefix: String, root: String, depth: Int, _ body: (Entry) -> Void)
  {
    // No library is that deep.
    guard depth < 16 else { return }
    for name in Files.names(in: directory) where !name.hasPrefix(".") {
      let path = directory + "/" + name
      // A folder behind a link is not walked: what is in it has its place in the library, or does not belong to it.
      if Files.isDirectory(path, followingLinks: false) {
        if depth > 0 || name != "environments" {
          collect(path, prefix: prefix + name + "/", root: root, depth: depth + 1, body)
        }
      } else if name.hasSuffix(".md"), let real = Files.realPath(path), Files.isBelow(root, real),
        !Files.isDirectory(real)
      {
        body(Entry(name: prefix + name.dropLast(3), path: real, root: root))
      }
    }
  }
}

extension RunbookLibrary.Entry {
  /// The repository the page is in, absolute; without one the folder above its library.
  var repositoryRoot: String {
    var folder = Files.parent(of: path)
    while folder != "/" {
      if Files.exists(folder + "/.git") { return folder }
      folder = Files.parent(of: folder)
    }
    return Files.parent(of: root)
  }

  /// Names of the environments beside it, sorted.
  var environmentNames: [String] {
    Files.names(in: root + "/environments").filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
  }

  /// Where the environment of that name is described.
  func environmentPath(_ name: String) -> String { "\(root)/environments/\(name).yaml" }
}
