import Glibc

/// Programs that were built together with the tests.
public enum Built {
  /// The path of the program `name`, beside the one that runs the tests.
  public static func path(_ name: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex) + "/" + name
  }
}
