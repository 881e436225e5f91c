@main struct RunbookProgram {
  static func main() {}
}
