package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyDocuments.Document;
import java.util.List;
import org.junit.jupiter.api.Test;

class PolicyDocumentsTest {
  @Test
  void documentsAreSeparatedAsYamlSeparatesThemAndKeptAsTheyAreWritten() {
    String one = policy("one", 443);
    String two = "# the second\n" + policy("two", 443);
    List<Document> documents =
        PolicyDocuments.read("# a comment alone\n---\n" + one + "--- # next\n" + two + "---\n\n");
    assertEquals(List.of("one", "two"), documents.stream().map(Document::name).toList());
    assertEquals(List.of(one, two), documents.stream().map(Document::text).toList());
    assertEquals(PolicyReader.read(one).hash(), documents.getFirst().hash());
  }

  @Test
  void nothingIsNoDocument() {
    assertEquals(List.of(), PolicyDocuments.read(""));
    assertEquals(List.of(), PolicyDocuments.read("---\n# nothing\n---\n"));
  }

  /** The fault stands on the ninth line of the second document, which begins on the eleventh of the whole. */
  @Test
  void aFaultIsToldWithItsPlaceInTheWhole() {
    String one = policy("one", 443);
    int before = (int) one.lines().count() + 1;
    String two = policy("two", 70_000);
    int within = (int) two.substring(0, two.indexOf("70000"))
            .chars()
            .filter(c -> c == '\n')
            .count()
        + 1;
    String detail = refused(one + "---\n" + two);
    assertTrue(detail.startsWith("line " + (before + within) + ", column "), detail);
    assertTrue(detail.contains("70000"), detail);
  }

  @Test
  void twoOfOneNameAreRefused() {
    String one = policy("one", 443);
    String detail = refused(one + "---\n" + one);
    assertTrue(detail.contains("a second policy one") && detail.contains("line 1"), detail);
  }

  @Test
  void nothingHidesBehindASeparator() {
    String detail =
        refused(policy("one", 443) + "--- {apiVersion: sallyport.io/v1, kind: AccessPolicy}\n");
    assertTrue(detail.contains("write what stands behind --- on the next line"), detail);
  }

  private static String refused(String text) {
    Refusal refusal = assertThrows(Refusal.class, () -> PolicyDocuments.read(text));
    assertEquals(PolicyProblem.INVALID_POLICY, refusal.problem());
    return refusal.detail();
  }

  private static String policy(String name, int port) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: {profile: %s}
          allow:
            - {peer: service.example, protocol: tcp, ports: [%d]}
          grant: {ttl: PT10M}
        """.formatted(name, name, port);
  }
}
