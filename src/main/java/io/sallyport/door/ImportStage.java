package io.sallyport.door;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Listed;
import io.sallyport.kernel.Refusal;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a file as they were read, or what is wrong with them alone, in a file of the server's own until the last one
 * is there. Refuses a file that is not whole. Memory does not grow with the rows. For one thread.
 */
final class ImportStage implements RowExchange.Lines, Closeable {
  private static final int MOST_ROWS = 5_000_000;
  /** More are no slips. */
  private static final int MOST_TWICE = 20_000;

  private static final char SERIAL = 's';
  private static final char ROW = 'r';

  private static final Set<String> FIELDS = Set.of("row", "serial_number", "labels");
  private static final String LABEL = "label:";
  private static final Pattern KEY = Pattern.compile("[!-~]([ -~]{0,62}[!-~])?");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> LABELS = new TypeReference<>() {};

  private final Batches batches;
  private final Batch batch;
  private final boolean csv;
  private final FileChannel file;
  private final DataOutputStream out;
  private final Doubles doubles;
  private @Nullable List<String> header;
  private long rows;

  ImportStage(Batches batches, Batch batch, boolean csv, SecureRandom random) throws IOException {
    this.batches = batches;
    this.batch = batch;
    this.csv = csv;
    // Gone from its folder at once, so that a crash leaves nothing behind.
    this.file = FileChannel.open(
        Files.createTempFile("sallyport-import", ".rows"),
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        StandardOpenOption.DELETE_ON_CLOSE);
    this.out =
        new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16));
    this.doubles = new Doubles(random, Doubles.RUN, MOST_TWICE);
  }

  @Override
  public void close() throws IOException {
    try (doubles) {
      file.close();
    }
  }

  /** What becomes of a row that was read. */
  interface Rows {
    void row(Listed row);

    void fault(long number, String key, String problem, String detail);
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
    Listed row = csv ? record(number, line) : object(number, line);
    Refusal fault = fault(row);
    try {
      out.writeLong(number);
      out.writeUTF(row.key());
      out.writeUTF(fault == null ? "" : fault.problem().slug());
      if (fault == null) {
        doubles.add(SERIAL, row.serialNumber());
        doubles.add(ROW, row.key());
        out.writeUTF(row.serialNumber());
        out.writeUTF(row.labels().isEmpty() ? "" : JSON.writeValueAsString(row.labels()));
      } else {
        out.writeUTF(fault.detail());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(long number, byte[] octets) {
    String line;
    try {
      line = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
    } catch (CharacterCodingException e) {
      throw broken(number, "is not UTF-8");
    }
    if (line.indexOf(0) >= 0) {
      throw broken(number, "is not UTF-8: it has NUL octets, as UTF-16 has");
    }
    if (line.endsWith("\r")) {
      line = line.substring(0, line.length() - 1);
    }
    return number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
  }

  private static List<String> header(long number, String line) {
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
      throw broken(number, "has " + fields.size() + " fields, and the header has " + names.size());
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

  /** As the text that was checked: the reader would take UTF-16 for what it is. */
  private static Listed object(long number, String line) {
    try {
      JsonNode object = LineRows.object(line.getBytes(StandardCharsets.UTF_8), FIELDS);
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

  /** After the last line. Refuses what has no rows, or too many twice. */
  void complete() throws IOException {
    if (rows == 0) {
      throw LineRows.invalid("The file has no rows.");
    }
    out.flush();
    if (!doubles.sort()) {
      throw LineRows.invalid(
          "More than " + MOST_TWICE
              + " serial numbers or row keys come twice, so nothing was imported. Is it the right file?");
    }
  }

  /** Once, when it is complete: every row in the order of the file. */
  void read(Rows reader) throws IOException {
    file.position(0);
    DataInputStream in =
        new DataInputStream(new BufferedInputStream(Channels.newInputStream(file), 1 << 16));
    for (long left = rows; left > 0; left--) {
      long number = in.readLong();
      String key = in.readUTF();
      String problem = in.readUTF();
      if (!problem.isEmpty()) {
        reader.fault(number, key, problem, in.readUTF());
        continue;
      }
      String serial = in.readUTF();
      String labels = in.readUTF();
      long sameSerial = doubles.before(SERIAL, serial, number);
      long sameKey = doubles.before(ROW, key, number);
      if (sameSerial > 0 || sameKey > 0) {
        reader.fault(
            number,
            key,
            BatchProblem.CLAIMED_BY_ANOTHER.slug(),
            sameSerial > 0
                ? "The same serial number as in line " + sameSerial + "."
                : "The same key of a row as in line " + sameKey + ".");
        continue;
      }
      reader.row(new Listed(
          number, key, serial, labels.isEmpty() ? Map.of() : JSON.readValue(labels, LABELS)));
    }
  }

  private static Refusal quotes(long number) {
    return broken(number, "has a quotation mark where none may be, or one that is not closed");
  }

  private static Refusal broken(long number, String what) {
    return new Refusal(
        BatchProblem.INVALID_ROW, "Line " + number + " " + what + ". Nothing was imported.");
  }
}
