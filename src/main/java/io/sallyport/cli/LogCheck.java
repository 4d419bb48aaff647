package io.sallyport.cli;

import io.sallyport.kernel.NoteFile;
import io.sallyport.kernel.SignedNote;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks a log against what an auditor kept outside of the server. */
final class LogCheck {
  /** Some hundred octets of memory each: one in ten seconds for a year and a half. */
  private static final int MOST_KEPT = 5_000_000;

  private final @Nullable String key;
  private final @Nullable String witness;
  private final List<Path> checkpoints;
  private final List<Path> files;
  private long torn;

  /**
   * @param key the log's verifier key, null to take the one that comes with the log
   * @param witness a witness's verifier key, or null
   * @param checkpoints files with one note each
   * @param files files with any number of notes
   */
  LogCheck(
      @Nullable String key, @Nullable String witness, List<Path> checkpoints, List<Path> files) {
    this.key = key;
    this.witness = witness;
    this.checkpoints = List.copyOf(checkpoints);
    this.files = List.copyOf(files);
  }

  LogVerdict verify(ApiClient api) {
    return told(
        verify(verifier(key == null ? api.get("/audit/key").path("vkey").asText() : key), api));
  }

  static LogVerdict verify(LogVerifier verifier, ApiClient api) {
    return verifier.verify(
        new WholeLog<>(api, AuditFeed::entry),
        new AuditFeed<>(api, "checkpoints", "size", AuditFeed::checkpoint));
  }

  LogVerdict verify(LogExport export) {
    LogVerifier verifier = verifier(key == null ? export.key() : key);
    try (LogExport.Items<ShownFact> facts = export.items("fact", AuditFeed::entry);
        LogExport.Items<LogVerifier.Checkpoint> signed =
            export.items("checkpoint", AuditFeed::checkpoint)) {
      LogVerdict verdict = verifier.verify(facts, signed);
      return told(verdict.ok() && !(facts.whole() && signed.whole()) ? cut(verdict) : verdict);
    }
  }

  private static LogVerdict cut(LogVerdict verdict) {
    return new LogVerdict(
        verdict.facts(),
        verdict.covered(),
        new LogVerdict.Finding(
            verdict.facts() + 1,
            LogVerdict.Fault.MISSING,
            "The export was cut short after fact " + verdict.facts()
                + ": it does not end as it was ended."),
        List.of(),
        verdict.notExcluded());
  }

  private LogVerdict told(LogVerdict verdict) {
    if (torn == 0) {
      return verdict;
    }
    List<String> sentences = new ArrayList<>(verdict.notExcluded());
    sentences.add("What " + torn
        + " records of the kept files said: they cannot be read, as a power cut leaves them.");
    return new LogVerdict(
        verdict.facts(), verdict.covered(), verdict.finding(), verdict.excluded(), sentences);
  }

  private LogVerifier verifier(String vkey) {
    try {
      LogVerifier verifier =
          new LogVerifier(vkey, key != null, checkpoints.stream().map(Pem::text).toList(), witness);
      String origin = SignedNote.VerifierKey.parse(vkey).name();
      files.forEach(file -> keep(verifier, origin, file));
      return verifier;
    } catch (IllegalArgumentException e) {
      throw Failure.usage(String.valueOf(e.getMessage()));
    }
  }

  private void keep(LogVerifier verifier, String origin, Path file) {
    int kept = 0;
    int unreadable = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      NoteFile notes = new NoteFile(in, origin);
      for (String note = notes.next(); note != null; note = notes.next()) {
        try {
          verifier.keep(note);
        } catch (IllegalArgumentException e) {
          unreadable++;
        }
        if (++kept > MOST_KEPT) {
          throw Failure.usage(file + " has more than " + MOST_KEPT + " records.");
        }
      }
    } catch (NoSuchFileException e) {
      throw Failure.usage(file + " does not exist.");
    } catch (IOException e) {
      throw Failure.usage(file + " cannot be read: " + e.getMessage());
    }
    if (kept == unreadable) {
      throw Failure.usage(file + " holds no checkpoint of the log " + origin + ".");
    }
    torn += unreadable;
  }
}
