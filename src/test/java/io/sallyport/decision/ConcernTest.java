package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.events.Changes.Change;
import io.sallyport.pki.CertificateSubject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What facts are about is said of each on purpose. */
class ConcernTest {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern CONSTANT = Pattern.compile("(?:([A-Z]\\w*)\\.)?SUBJECT");
  private static final Pattern VALUE = Pattern.compile("String SUBJECT =\\s+([^;]+);");
  private static final Pattern DOOR = Pattern.compile("\\bimplements (\\w+)");
  private static final Pattern KIND =
      Pattern.compile("CertificateSubject\\.Kind\\.([A-Z_]+)\\.word\\(\\)");

  /** Whom no decision about a device looks at. */
  private static final Set<String> NOBODY = Set.of(
      "attestation-key",
      "batch",
      "bench",
      "certificate-profile",
      "decision-batch",
      "document-signer",
      "enforcement",
      "enforcement-point",
      "feed",
      "first-contact",
      "grant",
      "key",
      "log",
      "manufacturer",
      "master-key",
      "observations",
      "ocsp-responder",
      "operator",
      "policy-set",
      "realm",
      "registration-authority",
      "renewal-campaign",
      "request",
      "retention",
      "security-event",
      "server",
      "service-client",
      "session",
      "station",
      "token",
      "tpm-root");

  private static Concern of(String kind, String subjectType, String subject) {
    return Concern.of(new Change(1, new UUID(0, 1), kind, subjectType, subject));
  }

  @Test
  void whatChangesDecisionsOfOneOrOfAllIsTold() {
    UUID device = new UUID(1, 2);
    assertEquals(new Concern.OfDevice(device), of("signal.received", "device", device.toString()));
    assertEquals(new Concern.OfNobody(), of("device.refused", "device", "no id"));
    for (String all : List.of("profile", "policy", "policy-canary")) {
      assertEquals(new Concern.OfAll(), of(all + ".applied", all, "any"), all);
    }
    assertEquals(new Concern.OfAll(), of("authority.revoked", "authority", "issuing"));
    assertEquals(new Concern.OfNobody(), of("authority.established", "authority", "issuing"));
    for (String nobody : NOBODY) {
      assertEquals(new Concern.OfNobody(), of(nobody + ".any", nobody, device.toString()), nobody);
    }
  }

  @Test
  void everySubjectOfAFactIsKnownHere() throws IOException {
    Set<String> known = new TreeSet<>(NOBODY);
    known.addAll(Set.of("device", "profile", "policy", "policy-canary", "authority"));
    assertEquals(known, subjects());
  }

  /** The subject types of all facts that the sources make. */
  private static Set<String> subjects() throws IOException {
    Map<String, String> sources = new HashMap<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        sources.merge(name, Files.readString(file), String::concat);
      }
    }
    Set<String> subjects = new TreeSet<>();
    int made = 0;
    for (String source : sources.values()) {
      for (int at = source.indexOf("Fact.of("); at >= 0; at = source.indexOf("Fact.of(", at + 1)) {
        subjects.addAll(subjects(third(source, at + "Fact.of(".length()), source, sources));
        made++;
      }
    }
    assertTrue(made > 100, made + " facts were found");
    return subjects;
  }

  private static List<String> subjects(
      String expression, String source, Map<String, String> sources) {
    if (expression.startsWith("\"")) {
      return List.of(expression.substring(1, expression.length() - 1));
    }
    Matcher constant = CONSTANT.matcher(expression);
    if (constant.matches()) {
      String there = Optional.ofNullable(constant.group(1)).map(sources::get).orElse(source);
      Matcher value = VALUE.matcher(there);
      if (!value.find()) {
        Matcher door = DOOR.matcher(there);
        assertTrue(door.find(), expression);
        return subjects(door.group(1) + ".SUBJECT", source, sources);
      }
      return subjects(value.group(1).strip(), there, sources);
    }
    Matcher kind = KIND.matcher(expression);
    if (kind.matches()) {
      return List.of(CertificateSubject.Kind.valueOf(kind.group(1)).word());
    }
    if (expression.endsWith(".subjectType()")) {
      return List.of(); // Of a fact that was made before.
    }
    assertTrue(
        expression.endsWith("ind.word()") || expression.endsWith("ind().word()"), expression);
    return Arrays.stream(CertificateSubject.Kind.values())
        .map(CertificateSubject.Kind::word)
        .toList();
  }

  /** The third argument of the call whose arguments begin there. */
  private static String third(String source, int from) {
    List<String> arguments = new ArrayList<>();
    int depth = 0;
    int begin = from;
    for (int at = from; arguments.size() < 3; at++) {
      char letter = source.charAt(at);
      if (letter == '(') {
        depth++;
      } else if (letter == ')' && depth > 0) {
        depth--;
      } else if (depth == 0 && (letter == ',' || letter == ')')) {
        arguments.add(source.substring(begin, at).strip());
        begin = at + 1;
      }
    }
    return arguments.getLast();
  }
}
