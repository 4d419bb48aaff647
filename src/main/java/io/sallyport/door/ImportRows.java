package io.sallyport.door;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Imported;
import io.sallyport.devices.Batches.Listed;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of devices for a batch: CSV with a header, or a JSON object a line. It is read to its end, and found to be whole,
 * before anything is registered; then it is registered some thousand rows at a time and every row is told what became of it.
 * Memory holds a dozen octets a row.
 */
@Singleton
public final class ImportRows {
  private static final int MOST_ROWS = 5_000_000;
  private static final int TOGETHER = 5_000;
  /** Each keeps what it saw. */
  private static final int AT_ONCE = 2;

  private static final Set<String> FIELDS = Set.of("row", "serial_number", "labels");
  private static final String LABEL = "label:";
  private static final Pattern KEY = Pattern.compile("[!-~]([ -~]{0,62}[!-~])?");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> LABELS = new TypeReference<>() {};

  private final Semaphore places = new Semaphore(AT_ONCE);
  private final Batches batches;
  private final Ids ids;
  private final SecureRandom random;

  ImportRows(Batches batches, Ids ids, SecureRandom random) {
    this.batches = batches;
    this.ids = ids;
    this.random = random;
  }

  /** Serves the import to its end. Refuses with {@code invalid-row} what is not whole; then nothing was registered. */
  public void serve(RowExchange exchange, Batch batch, boolean csv, Actor actor) {
    if (!places.tryAcquire()) {
      throw new Refusal(
          BatchProblem.BATCH_BUSY, "Other files are being imported; send this one in a moment.");
    }
    try {
      Path file = Files.createTempFile("sallyport-import", ".rows");
      try {
        stage(exchange, batch, csv, file);
        if (!exchange.isGone()) {
          exchange.begin();
          apply(exchange, batch, file, actor);
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.abort();
    } finally {
      places.release();
    }
  }

  private void stage(RowExchange exchange, Batch batch, boolean csv, Path file)
      throws IOException, InterruptedException {
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16))) {
      Stage stage = new Stage(batch, csv, out, new SeenTexts(random));
      exchange.read(stage);
      if (!exchange.isGone()) {
        stage.requireSomething();
      }
    }
  }

  /** Reads the lines and writes down what they say, or what is wrong with them alone. */
  private final class Stage implements RowExchange.Lines {
    private final Batch batch;
    private final boolean csv;
    private final DataOutputStream out;
    private final SeenTexts seen;
    private @Nullable List<String> header;
    private long rows;

    Stage(Batch batch, boolean csv, DataOutputStream out, SeenTexts seen) {
      this.batch = batch;
      this.csv = csv;
      this.out = out;
      this.seen = seen;
    }

    @Override
    public void line(long number, byte[] octets) {
      String line = text(number, octets);
      if (csv && header == null) {
        header = header(number, line);
        return;
      }
      if (++rows > MOST_ROWS) {
        throw broken(number, "is one too many: a file has " + MOST_ROWS + " rows at most");
      }
      Listed row = csv ? record(number, line) : object(number, octets);
      Refusal fault = fault(row);
      try {
        out.writeLong(number);
        out.writeUTF(row.key());
        out.writeUTF(fault == null ? "" : fault.problem().slug());
        if (fault == null) {
          out.writeUTF(row.serialNumber());
          out.writeUTF(row.labels().isEmpty() ? "" : JSON.writeValueAsString(row.labels()));
        } else {
          out.writeUTF(fault.detail());
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private String text(long number, byte[] octets) {
      String line;
      try {
        line =
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
      } catch (CharacterCodingException e) {
        throw broken(number, "is not UTF-8");
      }
      if (line.endsWith("\r")) {
        line = line.substring(0, line.length() - 1);
      }
      return number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
    }

    private List<String> header(long number, String line) {
      List<String> names = CsvLine.fields(line).orElseThrow(() -> quotes(number));
      for (String name : names) {
        if (!name.equals("serial_number") && !name.equals("row") && !name.startsWith(LABEL)) {
          throw broken(
              number, "has a column that is not known: serial_number, row and label:NAME are");
        }
      }
      if (!names.contains("serial_number") || Set.copyOf(names).size() < names.size()) {
        throw broken(number, "must name the column serial_number, and each column once");
      }
      return names;
    }

    private Listed record(long number, String line) {
      List<String> names = header == null ? List.of() : header;
      List<String> fields = CsvLine.fields(line).orElseThrow(() -> quotes(number));
      if (fields.size() != names.size()) {
        throw broken(
            number, "has " + fields.size() + " fields, and the header has " + names.size());
      }
      String serial = fields.get(names.indexOf("serial_number"));
      String key = serial;
      Map<String, String> labels = new HashMap<>();
      for (int i = 0; i < fields.size(); i++) {
        String name = names.get(i);
        if (name.equals("row") && !fields.get(i).isEmpty()) {
          key = fields.get(i);
        } else if (name.startsWith(LABEL) && !fields.get(i).isEmpty()) {
          labels.put(name.substring(LABEL.length()), fields.get(i));
        }
      }
      return new Listed(number, key, serial, labels);
    }

    private static Listed object(long number, byte[] line) {
      try {
        JsonNode object = LineRows.object(line, FIELDS);
        String serial = LineRows.text(object, "serial_number");
        return new Listed(
            number,
            object.has("row") ? LineRows.text(object, "row") : serial,
            serial,
            LineRows.labels(object.get("labels")));
      } catch (Refusal refusal) {
        throw new Refusal(
            BatchProblem.INVALID_ROW,
            "Line " + number + " cannot be read, so nothing was imported. " + refusal.detail());
      }
    }

    /** What is wrong with a row and no reason to look at no other. */
    private @Nullable Refusal fault(Listed row) {
      try {
        if (!KEY.matcher(row.key()).matches()) {
          throw LineRows.invalid("The key of a row has 1 to 64 printable ASCII characters.");
        }
        batches.requireFit(batch, row.serialNumber(), row.labels());
        int before = seen.seen(row.serialNumber(), Math.toIntExact(row.line()));
        if (before > 0) {
          throw new Refusal(
              BatchProblem.CLAIMED_BY_ANOTHER, "The same serial number as in line " + before + ".");
        }
        return null;
      } catch (Refusal refusal) {
        return refusal;
      }
    }

    @Override
    public void unfinished(long number, byte[] line) {
      throw broken(number, "has no end: is the file whole?");
    }

    @Override
    public void tooLong(long number) {
      throw broken(number, "has more than 64 KiB");
    }

    void requireSomething() {
      if (rows == 0) {
        throw LineRows.invalid("The file has no rows.");
      }
    }

    private Refusal quotes(long number) {
      return broken(number, "has a quotation mark where none may be, or one that is not closed");
    }

    private Refusal broken(long number, String what) {
      return new Refusal(
          BatchProblem.INVALID_ROW, "Line " + number + " " + what + ". Nothing was imported.");
    }
  }

  private void apply(RowExchange exchange, Batch batch, Path file, Actor actor) throws IOException {
    UUID name = ids.next();
    long[] tally = new long[3];
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
      List<Listed> rows = new ArrayList<>(TOGETHER);
      while (in.available() > 0) {
        long number = in.readLong();
        String key = in.readUTF();
        String fault = in.readUTF();
        if (!fault.isEmpty()) {
          tally[2]++;
          write(exchange, number, key, "refused", fault, in.readUTF());
          continue;
        }
        String serial = in.readUTF();
        String labels = in.readUTF();
        rows.add(new Listed(
            number, key, serial, labels.isEmpty() ? Map.of() : JSON.readValue(labels, LABELS)));
        if (rows.size() == TOGETHER) {
          register(exchange, batch, name, rows, tally, actor);
          rows.clear();
        }
      }
      if (!rows.isEmpty()) {
        register(exchange, batch, name, rows, tally, actor);
      }
    } catch (Refusal refusal) {
      exchange.write(JSON.createObjectNode()
          .put("status", "ended")
          .put("problem", refusal.problem().slug())
          .put("detail", refusal.detail())
          .toString());
    } catch (RuntimeException failure) {
      exchange.abort();
      throw failure;
    }
    if (tally[2] > 0) {
      batches.refused(batch.id(), tally[2]);
    }
    ObjectNode last = JSON.createObjectNode();
    last.putObject("done")
        .put("registered", tally[0])
        .put("exists", tally[1])
        .put("refused", tally[2]);
    exchange.write(last.toString());
    exchange.end();
  }

  private void register(
      RowExchange exchange, Batch batch, UUID name, List<Listed> rows, long[] tally, Actor actor) {
    for (Imported imported : batches.register(batch.id(), name, rows, actor)) {
      Refusal refusal = imported.refusal();
      if (refusal != null) {
        tally[2]++;
        write(
            exchange,
            imported.row().line(),
            imported.row().key(),
            "refused",
            refusal.problem().slug(),
            refusal.detail());
      } else {
        tally[imported.existed() ? 1 : 0]++;
        write(
            exchange,
            imported.row().line(),
            imported.row().key(),
            imported.existed() ? "exists" : "registered",
            null,
            null);
      }
    }
  }

  private static void write(
      RowExchange exchange,
      long number,
      String key,
      String status,
      @Nullable String problem,
      @Nullable String detail) {
    ObjectNode line =
        JSON.createObjectNode().put("line", number).put("row", key).put("status", status);
    if (problem != null) {
      line.put("problem", problem).put("detail", detail);
    }
    exchange.write(line.toString());
  }
}
