package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@code docs/policy.md} says what is so. */
class PolicyDocumentTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Subject CAMERA =
      TestSubjects.of("camera", "plant-1", Map.of("zone", "perimeter"));
  private static final Posture POSTURE = new Posture(
      "affirming",
      Map.of("executables", new PostureClaim("affirming", "signed-software")),
      Map.of("firmware.version", "1.3.0"),
      NOW.plusSeconds(900));
  private static final Pattern ANSWER = Pattern.compile("(\\S+) (\\S+) (\\S+) => (\\S+): (.+)");

  private static List<String> blocks(String kind) throws IOException {
    Matcher blocks = Pattern.compile("```" + kind + "\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("docs/policy.md")));
    List<String> found = new ArrayList<>();
    while (blocks.find()) {
      found.add(blocks.group(1));
    }
    return found;
  }

  @Test
  void everyAnswerOfThePageIsGiven() throws IOException {
    List<String> asked = blocks("text");
    assertEquals(2, asked.size());
    answers(asked.getFirst(), POSTURE);
    answers(asked.getLast(), null);
  }

  private static void answers(String block, @Nullable Posture posture) throws IOException {
    PolicySet set = PolicySet.compile(blocks("yaml"));
    for (String line : block.lines().toList()) {
      Matcher answer = ANSWER.matcher(line);
      assertTrue(answer.matches(), line);
      String peer = answer.group(2);
      RequestedFlow flow = new RequestedFlow(
          peer,
          answer.group(1),
          answer.group(1).equals("icmp")
              ? IcmpTypes.one(answer.group(3), peer)
              : Integer.parseInt(answer.group(3)));
      Verdict verdict = set.evaluate(new Question(CAMERA, posture, flow, NOW));
      assertEquals(answer.group(5), verdict.reasons().getFirst());
      assertEquals(answer.group(4).equals("PERMIT"), verdict.permit(), line);
    }
  }

  @Test
  void whatIsForbiddenIsTakenOutAsThePageSays() throws IOException {
    Verdict verdict =
        PolicySet.compile(blocks("yaml")).evaluate(new Question(CAMERA, POSTURE, null, NOW));
    assertEquals(List.of("8554", "9000-9004"), verdict.flows().getFirst().ports());
  }
}
