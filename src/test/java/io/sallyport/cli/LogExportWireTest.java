package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Database;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerTest;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server's log, exported and checked as an auditor does, also when somebody changed it in the database. */
@QuarkusTest
class LogExportWireTest extends ServerTest {
  @TempDir
  private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private static boolean filled;

  @BeforeEach
  void logIn() throws IOException {
    if (!filled) {
      for (int i = 0; i < 3; i++) {
        wire.document("/api/v1/profiles/export-" + i, """
            apiVersion: sallyport.io/v1
            kind: DeviceProfile
            metadata: {name: export-%d}
            """.formatted(i));
      }
      filled = true;
    }
    Files.writeString(
        folder.resolve("server.json"),
        "{\"people\":\"" + wire.people() + "\",\"devices\":\"" + wire.devices() + "\"}");
    Files.writeString(folder.resolve("root.pem"), Pem.of(wire.root()));
    Files.writeString(folder.resolve("admin.token"), token());
    Patience.untilTrue(
        "a few facts under a checkpoint", () -> run("audit", "checkpoint") == 0 && size() >= 3);
  }

  private String token() {
    return wire.admin(
            "POST",
            "/api/v1/operators",
            Map.of(
                "name", "export-" + folder.getFileName(),
                "roles", List.of("auditor"),
                "sites", List.of()))
        .get("token")
        .asText();
  }

  private long size() {
    return Long.parseLong(out.toString().split("\n")[1]);
  }

  @Test
  void anExportIsCheckedWithoutTheServer() throws Exception {
    run("audit", "checkpoint");
    Path kept = Files.writeString(folder.resolve("kept"), out.toString());
    run("audit", "key");
    String key = out.toString().strip();
    Path export = folder.resolve("log.ndjson");
    assertEquals(0, run("audit", "export", "--out", export.toString()), err::toString);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(export)));
    Files.delete(folder.resolve("server.json"));
    Files.delete(folder.resolve("admin.token"));

    assertEquals(
        0,
        run(
            "audit",
            "verify",
            "--export",
            export.toString(),
            "--key",
            key,
            "--checkpoint-file",
            kept.toString()),
        () -> out.toString() + err);
    assertTrue(out.toString().contains("1 earlier checkpoints agree"), out::toString);

    assertFalse(Files.exists(folder.resolve(".log.ndjson.new")), "a draft was left behind");
  }

  /** In the second fact, which is under a checkpoint. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "altered   | update fact set actor = 'operator:eve' where position = 2               | at fact 2:",
        "at a time | update fact set at = at + interval '1 microsecond' where position = 2    | at fact 2:",
        "taken out | delete from fact where position = 2                                      | at fact 2:",
        "replaced  | update fact set leaf = '' where position = 2                             | at fact 2:",
        "its hash  | update log_leaf set hash = sha256('x') where position = 2                | at fact 2:"
      })
  void whatSomebodyDidInTheDatabaseIsFoundInTheExport(String what, String sql, String found)
      throws Exception {
    assertFound(sql, found);
  }

  @Test
  void factsInAnotherOrderAreFoundInTheExport() throws Exception {
    assertFound(
        "update fact set position = 9000000000000 where position = 2; update fact set position = 2 where position = 3;"
            + " update fact set position = 3 where position = 9000000000000",
        "at fact 2:");
  }

  /** Everything that hangs on the fact but the signature. */
  @Test
  void aFactReplacedWithItsHashesIsFoundInTheExport() throws Exception {
    assertFound(
        "update fact set subject = 'other', leaf = convert_to(replace(convert_from(leaf, 'UTF8'),"
            + " '\"subject\":\"' || subject || '\"', '\"subject\":\"other\"'), 'UTF8') where position = 2;"
            + " update log_leaf set hash = sha256('\\x00'::bytea || (select leaf from fact where position = 2))"
            + " where position = 2",
        "do not have the root of the checkpoint");
  }

  private void assertFound(String sql, String found) throws SQLException {
    try (Connection database = Database.connect();
        Statement statement = database.createStatement()) {
      statement.execute(
          "create temp table kept_fact as select * from fact where position in (2, 3)");
      statement.execute(
          "create temp table kept_leaf as select * from log_leaf where position in (2, 3)");
      statement.execute("set session_replication_role = replica");
      database.commit();
      try {
        statement.execute(sql);
        database.commit();
        Path export = folder.resolve("log.ndjson.gz");
        assertEquals(0, run("audit", "export", "--out", export.toString()), err::toString);
        assertEquals(1, run("audit", "verify", "--export", export.toString()), out::toString);
        assertTrue(
            out.toString().contains("THE LOG DOES NOT FIT") && out.toString().contains(found),
            out::toString);
      } finally {
        statement.execute(
            "delete from fact where position in (2, 3) or id in (select id from kept_fact)");
        statement.execute("insert into fact select * from kept_fact");
        statement.execute("delete from log_leaf where position in (2, 3)");
        statement.execute("insert into log_leaf select * from kept_leaf");
        database.commit();
      }
    }
    assertEquals(0, run("audit", "verify"), () -> "the log was not restored: " + out);
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--data";
    all[arguments.length + 1] = folder.toString();
    return Sallyport.run(all, new PrintWriter(out, true), new PrintWriter(err, true), Map.of());
  }
}
