package io.sallyport.door;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.enrollment.LineIssuance;
import io.sallyport.enrollment.LineIssuance.Answer;
import io.sallyport.enrollment.LineIssuance.Row;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A stream of rows of a batch: a JSON object a line with {@code serial_number}, {@code csr} (PKCS #10 in base64) and, if
 * they are wanted, {@code row} and {@code labels} in; one a line with the certificate or the problem out. The last line is
 * {@code {"done":…}}; where it is missing, the connection was cut, and all rows are sent again.
 */
@Singleton
public final class LineRows {
  private static final Set<String> FIELDS = Set.of("row", "serial_number", "csr", "labels");
  /** Then it is something else that is sent. */
  private static final int MOST_UNREADABLE = 100;

  private static final int LONGEST_SHOWN = 64;

  private static final ObjectMapper JSON = JsonMapper.builder()
      .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private final LineIssuance lines;

  LineRows(LineIssuance lines) {
    this.lines = lines;
  }

  /**
   * Serves the stream to its end. Refuses before the first answer only.
   *
   * @param standing refuses when whoever sends may not any more
   */
  public void issue(
      RowExchange exchange, Batch batch, @Nullable String station, Actor actor, Runnable standing) {
    Tally tally = new Tally(exchange);
    LineIssuance.Stream stream = lines.open(batch, station, actor, standing, tally::answer);
    exchange.begin();
    try {
      exchange.read(new RowExchange.Lines() {
        @Override
        public void line(long number, byte[] line) {
          tally.bear();
          Row row;
          try {
            row = row(line);
          } catch (Refusal refusal) {
            stream.refused(tally.unreadable(number, refusal));
            return;
          }
          tally.readable();
          stream.offer(row);
        }

        @Override
        public void tooLong(long number) {
          tally.bear();
          stream.refused(tally.unreadable(number, invalid("A line has 64 KiB at most.")));
        }
      });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.abort();
    } catch (TooMuch enough) {
      // Told by the last line.
    } catch (RuntimeException failure) {
      exchange.abort();
      throw failure;
    } finally {
      stream.close();
    }
    tally.done();
  }

  private static final class TooMuch extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooMuch() {
      super(null, null, false, false);
    }
  }

  /** Counts and writes what became of the rows. Any thread. */
  private static final class Tally {
    private final AtomicLong issued = new AtomicLong();
    private final AtomicLong again = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final RowExchange exchange;
    private int unreadable;

    Tally(RowExchange exchange) {
      this.exchange = exchange;
    }

    void answer(Answer answer) {
      ObjectNode line = JSON.createObjectNode().put("row", answer.row());
      switch (answer) {
        case Answer.Issued one -> {
          (one.again() ? again : issued).incrementAndGet();
          line.put("status", "issued")
              .put("again", one.again())
              .put("device", one.device().toString())
              .put("serial", one.credential().serial().toString(16))
              .put(
                  "certificate",
                  Base64.getEncoder()
                      .encodeToString(one.credential().certificate().octets()));
        }
        case Answer.Refused one -> {
          refused.incrementAndGet();
          refusal(line, one.refusal());
        }
      }
      exchange.write(line.toString());
    }

    private static void refusal(ObjectNode line, Refusal refusal) {
      line.put("status", "refused")
          .put("problem", refusal.problem().slug())
          .put("detail", refusal.detail());
    }

    Answer.Refused unreadable(long number, Refusal refusal) {
      refused.incrementAndGet();
      unreadable++;
      ObjectNode line = JSON.createObjectNode().put("line", number);
      refusal(line, refusal);
      exchange.write(line.toString());
      return new Answer.Refused("line " + number, refusal);
    }

    void readable() {
      unreadable = 0;
    }

    void bear() {
      if (unreadable >= MOST_UNREADABLE) {
        throw new TooMuch();
      }
    }

    void done() {
      ObjectNode line = JSON.createObjectNode();
      line.putObject("done")
          .put("issued", issued.get())
          .put("again", again.get())
          .put("refused", refused.get());
      if (unreadable >= MOST_UNREADABLE) {
        line.put("detail", "Too many lines could not be read; the rest was not looked at.");
      }
      exchange.write(line.toString());
      exchange.end();
    }
  }

  private static Row row(byte[] line) {
    JsonNode object = object(line, FIELDS);
    String serialNumber = text(object, "serial_number");
    String key = object.has("row") ? text(object, "row") : serialNumber;
    byte[] request;
    try {
      request = Base64.getDecoder().decode(text(object, "csr"));
    } catch (IllegalArgumentException e) {
      throw invalid("\"csr\" is not a PKCS #10 request in base64 on one line.");
    }
    return new Row(key, serialNumber, labels(object.get("labels")), Der.of(request));
  }

  static JsonNode object(byte[] line, Set<String> fields) {
    JsonNode object;
    try {
      object = JSON.readTree(line);
    } catch (IOException e) {
      throw invalid("The line is not one JSON object.");
    }
    if (object == null || !object.isObject()) {
      throw invalid("The line is not one JSON object.");
    }
    for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!fields.contains(name)) {
        throw invalid("The field \"" + shown(name) + "\" is not known here.");
      }
    }
    return object;
  }

  static String text(JsonNode object, String name) {
    JsonNode value = object.get(name);
    if (value == null || !value.isTextual()) {
      throw invalid("The field \"" + name + "\" must be a text.");
    }
    return value.textValue();
  }

  static Map<String, String> labels(@Nullable JsonNode labels) {
    if (labels == null || labels.isNull()) {
      return Map.of();
    }
    if (!labels.isObject()) {
      throw invalid("The field \"labels\" must be an object of texts.");
    }
    Map<String, String> found = new HashMap<>();
    labels.properties().forEach(one -> found.put(one.getKey(), text(labels, one.getKey())));
    return found;
  }

  private static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= LONGEST_SHOWN ? clean : clean.substring(0, LONGEST_SHOWN) + "…";
  }

  static Refusal invalid(String detail) {
    return new Refusal(BatchProblem.INVALID_ROW, detail);
  }
}
