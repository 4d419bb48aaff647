package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.admin.api.DevicesResource.NewDevice;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.WebApplicationException;
import java.sql.SQLException;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureTest {
  private final ObjectMapper json = new ObjectMapper();

  FailureTest() {
    new StrictJson().customize(json);
  }

  @Test
  void aRefusalIsToldInItsOwnWords() {
    Failure failure = Failure.of(new Refusal(CommonProblem.CONFLICT, "Release it first."));
    assertEquals(
        "{\"type\":\"urn:sallyport:problem:conflict\",\"title\":\"In conflict with what is recorded\","
            + "\"status\":409,\"detail\":\"Release it first.\"}",
        ProblemDocument.of(failure.problem(), failure.detail(), null).json());
  }

  @Test
  void aDatabaseThatIsAwayIsUnavailableHoweverDeepTheCauseLies() {
    Throwable away =
        new IllegalStateException("no", new RuntimeException(new SQLException("refused", "08001")));
    assertEquals(CommonProblem.UNAVAILABLE, Failure.of(away).problem());
  }

  @Test
  void aFaultTellsNothingOfTheInsideButItsName() {
    Failure failure = Failure.of(new IllegalStateException("jdbc:postgresql://inside/ password=x"));
    assertFalse(failure.expected());
    UUID id = UUID.fromString("0199f0a0-0000-7000-8000-000000000001");
    assertEquals(
        "{\"type\":\"urn:sallyport:problem:internal\",\"title\":\"Internal error\",\"status\":500,\"detail\":"
            + "\"Something went wrong inside the server; its log has more under this instance.\","
            + "\"instance\":\"urn:uuid:0199f0a0-0000-7000-8000-000000000001\"}",
        ProblemDocument.of(failure.problem(), failure.detail(), id).json());
  }

  @Test
  void anotherMediaTypeIs415() {
    assertEquals(415, Failure.of(new NotSupportedException()).problem().status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"colour\":\"red\"} | The field \"colour\" is not known here.",
        "{\"serialNumber\":\"1\"} | The field \"serialNumber\" is not known here.",
        "{\"model\":\"a\",\"model\":\"b\"} | The field \"model\" is given twice.",
        "{\"labels\":{\"a\":\"1\",\"a\":\"2\"}} | The field \"a\" is given twice.",
        "{\"model\":{}} | The field \"model\" has the wrong type or form.",
        "{\"model\":7} | The field \"model\" has the wrong type or form.",
        "{\"labels\":{\"zone\":[]}} | The field \"labels.zone\" has the wrong type or form.",
        "{\"model\": | The body is not the JSON object that is expected here at line 1, column 10.",
        "[] | The body is not the JSON object that is expected here at line 1, column 1.",
        "{} {} | The body is not the JSON object that is expected here at line 1, column 4."
      })
  void aBodyThatCannotBeReadIsToldInOneSentence(String body, String sentence) {
    JsonProcessingException thrown =
        assertThrows(JsonProcessingException.class, () -> json.readValue(body, NewDevice.class));
    Failure failure = Failure.of(new WebApplicationException(thrown, 400));
    assertEquals(CommonProblem.MALFORMED, failure.problem());
    assertEquals(sentence, failure.detail());
  }

  @Test
  void aHostileFieldNameIsCutAndCleaned() throws Exception {
    String body = "{\"" + "x".repeat(100) + "\":1}";
    JsonProcessingException thrown =
        assertThrows(JsonProcessingException.class, () -> json.readValue(body, NewDevice.class));
    assertEquals(
        "The field \"" + "x".repeat(64) + "…\" is not known here.",
        Failure.of(thrown).detail());
  }
}
