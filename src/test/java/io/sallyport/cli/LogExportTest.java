package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.SignedNote;
import io.sallyport.testing.StrictWitness;
import io.sallyport.testing.StrictWitness.Manner;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports as they are documented, checked by the command without any server. */
class LogExportTest {
  private static final int FACTS = 20;
  private static final Set<Integer> SIZES = Set.of(3, 8, 20);
  private static final String ORIGIN = "test.example/log";
  private static final KeyPair PAIR = pair();
  private static final SignedNote.VerifierKey KEY =
      SignedNote.VerifierKey.of(ORIGIN, Der.of(PAIR.getPublic().getEncoded()));

  @TempDir
  Path folder;

  private final StrictWitness witness = new StrictWitness("witness.example/w", KEY);
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @AfterEach
  void stopWitness() {
    witness.close();
  }

  @Test
  void anUntouchedExportHoldsAndItIsSaidWhatThatMeans() throws Exception {
    List<String> lines = export("subject");
    assertEquals(0, verify(lines), out + "" + err);
    assertTrue(out.toString().contains("20 facts, 20 of them under a checkpoint"), out::toString);
    assertTrue(out.toString().contains("Excluded:\n  - Facts 1 to 20 altered"), out::toString);
    assertTrue(out.toString().contains("together with its key"), out::toString);

    assertEquals(0, verify(lines, "--key", KEY.toString()));
    assertTrue(out.toString().contains("no earlier checkpoint was given"), out::toString);

    assertEquals(0, verify(lines, "--key", KEY.toString(), "--checkpoint-file", kept(lines, 3, 8)));
    assertTrue(
        out.toString().contains("Facts 1 to 8 rewritten and signed anew: 2 earlier"),
        out::toString);
    assertTrue(out.toString().contains("Facts after 8 rewritten"), out::toString);
  }

  @Test
  void aCompressedExportHoldsToo() throws Exception {
    Path file = folder.resolve("log.gz");
    try (var gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
      gzip.write(text(export("subject")).getBytes(StandardCharsets.UTF_8));
    }
    assertEquals(0, run("audit", "verify", "--export", file.toString()), err::toString);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length * 2 / 3));
    assertEquals(1, run("audit", "verify", "--export", file.toString()));
    assertTrue(out.toString().contains("THE LOG DOES NOT FIT"), out::toString);
  }

  /** The fact in the fourth place, between the checkpoints of 3 and of 8. */
  @ParameterizedTest
  @CsvSource({
    "actor,       4",
    "at,          4",
    "detail,      4",
    "leaf,        4",
    "hash,        4",
    "gone,        4",
    "twice,       5",
    "swapped,     4",
    "cut off,     15",
    "cut short,   21",
    "half a line, 15",
    "garbage,     4",
    "no object,   4",
    "huge,        4",
    "replaced,    4",
    "a checkpoint swapped, 4"
  })
  void whatWasTamperedWithIsFoundWithTheFirstFactThatDoesNotFit(String what, long position)
      throws Exception {
    List<String> lines = export("subject");
    int at = line(lines, 4);
    switch (what) {
      case "actor", "at", "leaf", "hash" -> lines.set(at, changed(lines.get(at), what));
      case "detail" -> lines.set(at, lines.get(at).replace("\"reason\":\"4\"", "\"reason\":\"5\""));
      case "gone" -> lines.remove(at);
      case "twice" -> lines.add(at, lines.get(at));
      case "swapped" -> Collections.swap(lines, at, at + 2);
      case "cut off" -> lines.subList(line(lines, 15), lines.size() - 1).clear();
      case "cut short" -> lines.removeLast();
      case "half a line" -> {
        lines.subList(line(lines, 15) + 1, lines.size()).clear();
        lines.set(lines.size() - 1, lines.getLast().substring(0, 40));
      }
      case "garbage" -> lines.set(at, "\u0000}{");
      case "no object" -> lines.set(at, "{\"fact\":7}");
      case "huge" -> lines.set(at, "\"" + "x".repeat(2 << 20) + "\"");
      case "replaced" -> lines.set(at, fact(4, "somebody else"));
      case "a checkpoint swapped" -> {
        int first = lines.indexOf(lines.stream()
            .filter(one -> one.startsWith("{\"checkpoint\"") && one.contains("\"size\":8"))
            .findFirst()
            .orElseThrow());
        ObjectNode other =
            (ObjectNode) Json.read(lines.get(first).getBytes(StandardCharsets.UTF_8));
        ((ObjectNode) other.get("checkpoint"))
            .put("note", other.at("/checkpoint/note").asText().replace("\n8\n", "\n9\n"));
        lines.set(first, new String(Json.octets(other), StandardCharsets.UTF_8));
      }
      default -> throw new AssertionError(what);
    }
    assertEquals(1, verify(lines, "--key", KEY.toString()), err::toString);
    assertTrue(
        out.toString().contains("THE LOG DOES NOT FIT at fact " + position + ":"), out::toString);
  }

  /** Whoever has the log's key rewrites it from the middle on. */
  @Test
  void aHistoryRewrittenAndSignedAnewIsFoundAgainstWhatWasKept() throws Exception {
    List<String> honest = export("subject");
    String kept = kept(honest, 3, 8);
    String single = folder.resolve("single").toString();
    Files.writeString(Path.of(single), note(honest, 20));
    List<String> rewritten = export("subject", 6);

    assertEquals(0, verify(rewritten, "--key", KEY.toString()), "it cannot be known without");
    assertTrue(out.toString().contains("no earlier checkpoint was given"), out::toString);
    assertEquals(1, verify(rewritten, "--checkpoint-file", kept));
    assertTrue(
        out.toString().contains("DOES NOT FIT at fact 4: History was rewritten"), out::toString);
    assertEquals(1, verify(rewritten, "--checkpoint", single));
    assertTrue(out.toString().contains("History was rewritten"), out::toString);
  }

  @Test
  void aHistoryRewrittenAndSignedAnewIsNotSignedByTheWitness() throws Exception {
    List<String> honest = export("subject");
    witnessed(honest, 8);
    assertEquals(0, verify(honest, "--witness", witness.vkey()), out + "" + err);
    assertTrue(
        out.toString().contains("Facts 1 to 8 rewritten and signed anew: the witness"),
        out::toString);
    assertTrue(out.toString().contains("newer than what the witness signed"), out::toString);

    List<String> rewritten = export("subject", 6);
    assertEquals(1, verify(rewritten, "--witness", witness.vkey()));
    assertTrue(out.toString().contains("No checkpoint is signed by the witness"), out::toString);

    // With the witness's line over another root.
    String line = note(honest, 8).lines().reduce((one, two) -> two).orElseThrow();
    replaceNote(rewritten, 8, note(rewritten, 8) + line + "\n");
    assertEquals(1, verify(rewritten, "--witness", witness.vkey()));
    assertTrue(out.toString().contains("The signature of the witness"), out::toString);
  }

  @Test
  void aBadSignatureOfTheWitnessIsFound() throws Exception {
    List<String> lines = export("subject");
    witness.become(Manner.BAD_SIGNATURE);
    witnessed(lines, 8);
    assertEquals(1, verify(lines, "--witness", witness.vkey()));
    assertTrue(out.toString().contains("is not good"), out::toString);
    assertEquals(0, verify(lines), "signatures of others are nobody's concern");
  }

  @Test
  void aKeptFileThatAPowerCutToreIsUsedAsFarAsItGoes() throws Exception {
    List<String> lines = export("subject");
    Path kept = folder.resolve("torn");
    Files.writeString(
        kept, note(lines, 3) + note(lines, 8).substring(0, 30) + "\n" + note(lines, 20));
    assertEquals(0, verify(lines, "--checkpoint-file", kept.toString()), out + "" + err);
    assertTrue(out.toString().contains("1 records of the kept files"), out::toString);
    assertTrue(out.toString().contains("Facts 1 to 20 rewritten"), out::toString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--export none",
        "--export EMPTY",
        "--export OTHER",
        "--export EXPORT --key nonsense+1+1",
        "--export EXPORT --witness nonsense+1+1",
        "--export EXPORT --checkpoint-file none",
        "--export EXPORT --checkpoint-file EMPTY",
        "--export EXPORT --checkpoint-file OTHER",
        "--export EXPORT --checkpoint OTHER"
      })
  void whatCannotBeCheckedIsSaidInASentence(String arguments) throws Exception {
    Path export = folder.resolve("export");
    Files.writeString(export, text(export("subject")));
    Path empty = Files.createFile(folder.resolve("empty"));
    Path other = Files.writeString(folder.resolve("other"), "{\"format\":\"x\"}\n");
    List<String> all = new ArrayList<>(List.of("audit", "verify"));
    for (String argument : arguments.split(" ")) {
      all.add(argument
          .replace("EXPORT", export.toString())
          .replace("EMPTY", empty.toString())
          .replace("OTHER", other.toString())
          .replace("none", folder.resolve("none").toString()));
    }
    assertEquals(2, run(all.toArray(String[]::new)), out + "" + err);
    assertTrue(!err.toString().contains("\tat "), err::toString);
    assertTrue(!err.toString().isBlank());
  }

  private int verify(List<String> lines, String... more) throws IOException {
    Path file = folder.resolve("export");
    Files.writeString(file, text(lines));
    List<String> arguments =
        new ArrayList<>(List.of("audit", "verify", "--export", file.toString()));
    arguments.addAll(List.of(more));
    return run(arguments.toArray(String[]::new));
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Sallyport.run(
        arguments, new PrintWriter(out, true), new PrintWriter(err, true), Map.of());
  }

  /** A whole line has its break, one that was cut off has none. */
  private static String text(List<String> lines) {
    String last = lines.getLast();
    return String.join("\n", lines) + (last.endsWith("}") ? "\n" : "");
  }

  private String kept(List<String> lines, int... sizes) throws IOException {
    StringBuilder notes = new StringBuilder();
    for (int size : sizes) {
      notes.append(note(lines, size));
    }
    Path kept = folder.resolve("kept");
    Files.writeString(kept, notes);
    return kept.toString();
  }

  private static String note(List<String> lines, int size) throws IOException {
    for (String line : lines) {
      JsonNode checkpoint = Json.read(line.getBytes(StandardCharsets.UTF_8)).path("checkpoint");
      if (checkpoint.path("size").asInt() == size) {
        return checkpoint.path("note").asText();
      }
    }
    throw new AssertionError("no checkpoint of " + size);
  }

  private static void replaceNote(List<String> lines, int size, String note) throws IOException {
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = Json.read(lines.get(i).getBytes(StandardCharsets.UTF_8));
      if (line.path("checkpoint").path("size").asInt() == size) {
        ((ObjectNode) line.get("checkpoint")).put("note", note);
        lines.set(i, new String(Json.octets(line), StandardCharsets.UTF_8));
      }
    }
  }

  /** Has the witness sign the checkpoint of this size, as the first that it sees. */
  private void witnessed(List<String> lines, int size) throws Exception {
    String note = note(lines, size);
    try (HttpClient client = HttpClient.newHttpClient()) {
      String answer = client
          .send(
              HttpRequest.newBuilder(URI.create(witness.url() + "/add-checkpoint"))
                  .POST(HttpRequest.BodyPublishers.ofString("old 0\n\n" + note))
                  .build(),
              BodyHandlers.ofString())
          .body();
      replaceNote(lines, size, note + answer);
    }
  }

  private static String changed(String line, String field) throws IOException {
    ObjectNode whole = (ObjectNode) Json.read(line.getBytes(StandardCharsets.UTF_8));
    ObjectNode fact = (ObjectNode) whole.get("fact");
    switch (field) {
      case "actor" -> fact.put("actor", "operator:eve");
      case "at" -> fact.put("at", "2027-01-15T08:00:04.000001Z");
      case "leaf" -> fact.put("leaf", "AAAA");
      default -> fact.put("hash", "00".repeat(32));
    }
    return new String(Json.octets(whole), StandardCharsets.UTF_8);
  }

  private static int line(List<String> lines, int position) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("{\"fact\":{\"position\":" + position + ",")) {
        return i;
      }
    }
    throw new AssertionError("no fact " + position);
  }

  private static List<String> export(String subject) throws IOException {
    return export(subject, 0);
  }

  /** @param forged the fact that says something else, 0 for none */
  private static List<String> export(String subject, int forged) throws IOException {
    List<String> facts = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    lines.add("{\"format\":\"sallyport-log-export/1\",\"key\":\"" + KEY + "\"}");
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    int checkpoints = 0;
    for (int i = 1; i <= FACTS; i++) {
      String fact = fact(i, i == forged ? "forged" : subject + i);
      facts.add(fact);
      byte[] leaf = Base64.getDecoder()
          .decode(
              Json.read(fact.getBytes(StandardCharsets.UTF_8)).at("/fact/leaf").asText());
      tree = tree.append(MerkleFrontier.leafHash(leaf));
      if (SIZES.contains(i)) {
        String text = new MerkleCheckpoint(ORIGIN, i, tree.root()).text();
        ObjectNode line = Json.object();
        line.putObject("checkpoint")
            .put("size", i)
            .put("root", Base64.getEncoder().encodeToString(tree.root().octets()))
            .put("note", KEY.note(text, sign(text)).toString());
        lines.add(new String(Json.octets(line), StandardCharsets.UTF_8));
        lines.addAll(facts);
        facts.clear();
        checkpoints++;
      }
    }
    lines.add("{\"end\":{\"facts\":" + FACTS + ",\"checkpoints\":" + checkpoints + "}}");
    return lines;
  }

  private static String fact(int position, String subject) {
    UUID id = new UUID(0x7000, position);
    Instant at = Instant.ofEpochSecond(1_800_000_000 + position);
    MerkleLeaf leaf = MerkleLeaf.of(
        id,
        at,
        "device.quarantined",
        "operator:admin",
        "device",
        subject,
        Map.of("reason", Integer.toString(position)));
    ObjectNode line = Json.object();
    ObjectNode fact = line.putObject("fact")
        .put("position", position)
        .put("id", id.toString())
        .put("at", at.toString())
        .put("kind", "device.quarantined")
        .put("actor", "operator:admin")
        .put("subject_type", "device")
        .put("subject", subject);
    fact.putObject("detail").put("reason", Integer.toString(position));
    fact.put("leaf", Base64.getEncoder().encodeToString(leaf.octets()))
        .put("hash", leaf.hash().hex());
    return new String(Json.octets(line), StandardCharsets.UTF_8);
  }

  private static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] sign(String text) {
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initSign(PAIR.getPrivate());
      ed25519.update(text.getBytes(StandardCharsets.UTF_8));
      return ed25519.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
