import Glibc
import RunbookModel
import TestSupport
import Testing

/// One secret, in every form and cut everywhere, against every place where it could come to light.
@Suite struct SecretSweepTests {
  private static let secret = ##"Tr0ub4dor&3 "p/+a'ss\w0rd%"##

  /// Writes each form in two pieces, cut at every place, with another stream's piece in between; the parts of the
  /// forms that are the secret's alone go to the file `needles`.
  private static let body = ##"""
    ```python {#sweep effect=read}
    #| env: {T: '${token}'}
    import base64, json, os, shlex, time, urllib.parse
    s = os.environ["T"].encode()
    text = s.decode()
    inner = [base64.b64encode(b"\0" * n + s)[n + (n > 0):(n + len(s)) * 8 // 6] for n in range(3)]
    plain = [s, s.hex().encode(), s.hex().upper().encode(), urllib.parse.quote(text, safe="").encode(),
             urllib.parse.quote_plus(text).encode(), "".join("%%%02x" % byte for byte in s).encode(),
             json.dumps(text)[1:-1].encode(), json.dumps(json.dumps(text))[3:-3].encode(), shlex.quote(text)[1:-1].encode()]
    with open("needles", "wb") as file:
        file.write(b"\n".join(plain + inner + [form.replace(b"+", b"-").replace(b"/", b"_") for form in inner]))
    forms = plain + [base64.b64encode(b"-" * n + s + b".." ) for n in range(3)] + [base64.urlsafe_b64encode(s)]
    forms += [base64.encodebytes(b"-" * n + s) for n in (40, 44, 50)] + [base64.encodebytes(b"-" * 47 + s).replace(b"\n", b"\r\n")]
    for form in forms:
        for cut in range(len(form) + 1):
            os.write(1, b"<" + form[:cut])
            os.write(2, b"[" + form[:cut])
            time.sleep(0.0002)
            os.write(1, form[cut:] + b">\n")
            os.write(2, form[cut:] + b"]\n")
    ```

    ```bash {#wrong effect=read on-failure=continue}
    #| {env: {T: '${token}'}, expect: 'error(.stdout)'}
    printf %s "$T"; "/no-such-$T" || true
    ```

    ```bash {#wait effect=read}
    #| env: {T: '${token}'}
    touch begun; until [ -e go ]; do sleep 0.02; done
    ```
    """##

  @Test func `a secret comes to light nowhere, in whatever form and pieces a step writes it`() async throws {
    let scene = try Scene(
      Self.body, front: "parameters: {token: {type: secret, from: 'env:TOKEN'}}\n",
      variables: ["TOKEN=\(Self.secret)"])
    let run = try scene.start(["run", "page", "--env", "test"])
    #expect(await eventually { scene.exists("begun") })
    // What a form and its neighbours share is left out, and either half counts.
    let needles = scene.text("needles").split(separator: "\n").flatMap { form in
      [form.prefix(form.count / 2), form.suffix(form.count / 2)]
    }.map { Array($0.utf8) }
    #expect(needles.count == 30 && needles.allSatisfy { $0.count >= 12 })
    func leaks(in bytes: [UInt8]) -> [String] {
      needles.filter { bytes.containsSequence($0) }.map { String(decoding: $0, as: UTF8.self) }
    }
    for pid in processes() {
      #expect(leaks(in: fileBytes("/proc/\(pid)/cmdline")).isEmpty, "process \(pid)")
    }
    var looked = 0
    for pid in [run.pid] + descendants(of: run.pid) {
      let limits = String(decoding: fileBytes("/proc/\(pid)/limits"), as: UTF8.self)
      // A program of the step's may have ended since it was found.
      guard let core = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max core file size") })
      else {
        continue
      }
      looked += 1
      #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "process \(pid): \(core)")
    }
    #expect(looked >= 3, "the program, its supervisor, the step")
    try scene.write("", to: "go")
    let ended = try await run.ended()
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    #expect(ended.output.contains("<***>") && ended.output.contains("✗ failed"), "\(ended.output)")

    let name = try await scene.newestRun()
    var shown = [("output", ended.output), ("errors", ended.errors)]
    for arguments in [
      ["log", name], ["log", name, "--format", "json"], ["report", name, "--as", "html"],
      ["report", name, "--as", "markdown"], ["history"], ["history", "--format", "json"],
      ["plan", "page", "--env", "test"], ["plan", "page", "--env", "test", "--format", "json"],
      ["graph", "page", "--env", "test"], ["audit", "export", "--format", "jsonl", "-o", "export"],
    ] {
      let ended = try await scene.start(arguments).ended()
      #expect(ended.code == 0, "\(arguments): \(ended.errors)")
      shown.append((arguments.joined(separator: " "), ended.output + ended.errors))
    }
    shown.append(("export", scene.text("export")))
    for (place, text) in shown {
      #expect(!text.isEmpty || place == "errors" || place.hasPrefix("audit"), "\(place) is empty")
      #expect(leaks(in: Array(text.utf8)).isEmpty, "\(place)")
    }
    for file in filesBelow(scene.store) { #expect(leaks(in: fileBytes(file)).isEmpty, "\(file)") }
  }

  private func processes() -> [Int32] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = Int32(name) { found.append(pid) }
    }
    return found
  }

  private func descendants(of pid: Int32) -> [Int32] {
    processes().filter { child in
      let status = String(decoding: fileBytes("/proc/\(child)/stat"), as: UTF8.self)
      let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 1 && Int32(fields[1]) == pid
    }.flatMap { [$0] + descendants(of: $0) }
  }
}
