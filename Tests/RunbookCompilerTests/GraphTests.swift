import RunbookDiagnostics
import RunbookModel
import Testing

@testable import RunbookCompiler

@Suite struct GraphTests {
  @Test func `ids have a form, are unique, and name steps of the right kind`() {
    let page = CompiledPage(
      body: """
        ```bash {#a needs="b nobdy"}
        ls
        ```

        ```bash {#b undo=a verify=c on-failure=a}
        ls
        ```

        ```bash {#b effect=read verify=b}
        ls
        ```

        ```bash {#c .undo}
        ls
        ```

        ```bash {#Deploy_It needs=c}
        ls
        ```
        """)
    #expect(
      page.lines == [
        "4:20 error RB0204: these steps wait for each other: 'a' needs 'b' needs 'a'",
        "4:22 error RB0203: no step is named 'nobdy'",
        "8:18 error RB0206: 'a' is no .undo step (give it the flag '.undo')",
        "8:27 error RB0206: 'c' cannot verify a step (give it the flag '.verify')",
        "8:40 error RB0206: 'a' is no .rescue step (give it the flag '.rescue')",
        "12:11 error RB0201: the id 'b' is taken by the step of line 8",
        "12:32 error RB0206: 'b' is taken for a write step, and only a read can verify (declare 'effect=read' there if it only reads)",
        "16:11 warning RB0205: no step names the .undo step 'c', so it never runs (name it with 'undo: c')",
        "20:11 error RB0202: 'Deploy_It' is no id (did you mean 'deploy-it'?; ids are lower-case letters, digits and '-', beginning with a letter or digit)",
        "20:27 error RB0206: 'c' is .undo and no part of the order",
      ])
  }

  @Test func `each cycle is told once, with its steps`() {
    let page = CompiledPage(
      body: """
        ```wait {#a needs=c}
        1s
        ```

        ```wait {#b}
        1s
        ```

        ```wait {#c}
        1s
        ```

        ```wait {#self needs=self}
        1s
        ```

        ```wait {#after}
        1s
        ```
        """)
    #expect(
      page.lines == [
        "4:19 error RB0204: these steps wait for each other: 'a' needs 'c' needs 'b' needs 'a'",
        "16:22 error RB0204: these steps wait for each other: 'self' needs 'self'",
      ])
  }

  @Test func `a read has nothing to undo, and a write cannot verify`() {
    let page = CompiledPage(
      body: """
        ```bash {#look effect=read undo=back}
        ls
        ```

        ```bash {#back .undo}
        ls
        ```

        ```bash {#change verify=check}
        ls
        ```

        ```bash {#check .verify}
        ls
        ```
        """)
    #expect(
      page.lines == [
        "4:33 error RB0308: the step only reads, so 'back' has nothing to take back (the page declares 'effect=read')",
        "12:25 error RB0206: 'check' is taken for a write step, and only a read can verify (declare 'effect=read' there if it only reads)",
      ])
  }

  @Test func `the order follows needs, and the page where needs leave it open`() {
    #expect(StepOrder.sorted(needs: [[], [0], [1]]) == [0, 1, 2])
    #expect(StepOrder.sorted(needs: [[3], [], [1], []]) == [1, 2, 3, 0])
    #expect(StepOrder.sorted(needs: [[], [], [], []]) == [0, 1, 2, 3])
    #expect(StepOrder.sorted(needs: [[1], [0], [], [2]]) == [2, 3])
    #expect(StepOrder.cycles(needs: [[1], [0], [], [2]], order: [2, 3]) == [[0, 1]])
    #expect(StepOrder.cycles(needs: [[1], [2], [1], [0]], order: []) == [[1, 2]])
  }

  @Test func `ten thousand steps are ordered in a moment`() {
    let count = 10_000
    let backwards = (0..<count).map { $0 + 1 < count ? [$0 + 1] : [] }
    #expect(StepOrder.sorted(needs: backwards) == Array((0..<count).reversed()))
    let circle = (0..<count).map { [($0 + 1) % count] }
    #expect(StepOrder.cycles(needs: circle, order: []).map(\.count) == [count])
  }
}
