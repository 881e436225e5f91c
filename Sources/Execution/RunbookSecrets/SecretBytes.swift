import Glibc

/// A secret's bytes: kept out of swap and core files, overwritten when nobody holds them any more.
final class SecretBytes: @unchecked Sendable {
  // Sendable: the buffer is written in `init` only, and freed when nobody can read it any more.
  private let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: some Collection<UInt8>) {
    buffer = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
    buffer.copyBytes(from: bytes)
    mlock(buffer.baseAddress!, buffer.count)
    madvise(buffer.baseAddress!, buffer.count, MADV_DONTDUMP)
    count = bytes.count
  }

  /// How many bytes there are.
  let count: Int

  deinit {
    explicit_bzero(buffer.baseAddress!, buffer.count)
    munlock(buffer.baseAddress!, buffer.count)
    buffer.deallocate()
  }

  /// Calls `body` with the bytes.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
  }
}
