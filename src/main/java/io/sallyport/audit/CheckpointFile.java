package io.sallyport.audit;

import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.NoteFile;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.TiledTree;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file on another mount to which checkpoints are appended, one note after the other. Nothing is appended to a file that
 * is shorter than it was or not what was written, nor to one that holds a checkpoint which this log does not have: then
 * the log itself went back or was replaced.
 */
final class CheckpointFile implements CheckpointPlace {
  /** After so many, all of the file is read again, not only its end. */
  private static final int LOOK_AGAIN = 1000;

  /** Holds the last note and more. */
  private static final int WINDOW = 4096;

  private final Path path;
  private final LogSigner signer;
  /** Over all octets so far; null when the file is to be read from its beginning. */
  private @Nullable MessageDigest running;

  private long octets;
  private byte[] last = new byte[0];
  private int appended;

  CheckpointFile(Path path, LogSigner signer) {
    this.path = path;
    this.signer = signer;
  }

  @Override
  public String kind() {
    return "file";
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public void begin() {
    running = null;
  }

  @Override
  public Kept deliver(Connection reading, Kept kept, SignedRoot newest) throws SQLException {
    try {
      if (kept.octets() == 0 && !Files.exists(path)) {
        create();
      }
      MessageDigest digest = running;
      boolean present = false;
      if (digest == null || appended >= LOOK_AGAIN) {
        digest = sha256();
        present = checked(reading, kept, newest, digest);
        appended = 0;
      } else {
        requireUnchanged();
      }
      // A failure from here on leaves it open what stands in the file.
      running = null;
      if (!present) {
        append(digest, newest.note().getBytes(StandardCharsets.UTF_8));
      }
      running = digest;
      return new Kept(newest.size(), octets, copy(digest).digest(), null);
    } catch (IOException e) {
      throw new Undelivered("The file " + path + " cannot be written: " + e.getMessage()
          + ". Mount it, or let this server append to it.");
    }
  }

  /** Reads all of it; answers whether the newest checkpoint stands there, because a crash kept that from being noted. */
  private boolean checked(Connection reading, Kept kept, SignedRoot newest, MessageDigest digest)
      throws IOException, SQLException {
    long length = length();
    if (length < kept.octets()) {
      throw new Undelivered("The file " + path + " has become shorter: " + length + " octets after "
          + kept.octets() + ". Nothing is appended until it is put back.");
    }
    TiledTree.Tiles tiles = new LogTiles(reading, newest.size());
    boolean present = false;
    last = new byte[0];
    try (InputStream file =
        new DigestInputStream(new BufferedInputStream(Files.newInputStream(path)), digest)) {
      skip(file, kept.octets());
      if (kept.digest() != null && !Arrays.equals(copy(digest).digest(), kept.digest())) {
        throw new Undelivered("The file " + path
            + " was altered: its first " + kept.octets()
            + " octets are not what was written. Nothing is appended until it is put back.");
      }
      if (kept.octets() > 0) {
        mine(reading, tiles, newest, lastBefore(kept.octets()));
      }
      NoteFile notes = new NoteFile(file, signer.key().name());
      for (String note = notes.next(); note != null; note = notes.next()) {
        present |= mine(reading, tiles, newest, note);
      }
    } catch (IllegalArgumentException e) {
      throw new Undelivered("The file " + path + " is no file of checkpoints: " + e.getMessage());
    }
    octets = length;
    return present;
  }

  /** The last note of what was written, to be compared with the log as it is now. */
  private String lastBefore(long end) throws IOException {
    ByteBuffer window = ByteBuffer.allocate((int) Math.min(end, WINDOW));
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      while (window.hasRemaining()
          && file.read(window, end - window.capacity() + window.position()) >= 0) {
        // Goes on until the window is full.
      }
    }
    NoteFile notes =
        new NoteFile(new ByteArrayInputStream(window.array()), signer.key().name());
    String found = "";
    for (String note = notes.next(); note != null; note = notes.next()) {
      found = note;
    }
    return found;
  }

  /** Whether a record that nobody noted is the newest checkpoint; throws when it is not of this log at all. */
  private boolean mine(Connection reading, TiledTree.Tiles tiles, SignedRoot newest, String record)
      throws SQLException {
    SignedNote note;
    MerkleCheckpoint checkpoint;
    try {
      note = SignedNote.parse(record);
      checkpoint = MerkleCheckpoint.parse(note.text());
      if (!signer.key().signed(note)) {
        throw new IllegalArgumentException("another key");
      }
    } catch (IllegalArgumentException e) {
      if (torn(reading, record)) {
        return false;
      }
      throw new Undelivered("The file " + path
          + " was altered: it holds something that this log's key has not signed. Nothing is appended until"
          + " that is taken out, or another file is named.");
    }
    if (checkpoint.size() > newest.size()) {
      throw new Undelivered("The file " + path + " holds a checkpoint of " + checkpoint.size()
          + " facts, this log has " + newest.size() + " sealed: the log went back.");
    }
    if (!new TiledTree(checkpoint.size(), tiles).root().equals(checkpoint.root())) {
      throw new Undelivered("The file " + path + " holds a checkpoint of " + checkpoint.size()
          + " facts with another root than this log has: its history was replaced.");
    }
    return checkpoint.size() == newest.size();
  }

  /** Whether this is the beginning of a checkpoint of this log, as a power cut leaves it. */
  private boolean torn(Connection reading, String record) throws SQLException {
    String begun = record.stripTrailing();
    String head = signer.key().name() + "\n";
    if (head.startsWith(begun)) {
      return true;
    }
    String[] lines = begun.split("\n", 3);
    if (!begun.startsWith(head) || !lines[1].matches("[1-9][0-9]{0,17}")) {
      return false;
    }
    return lines.length < 3
        || SignedRoot.at(reading, Long.parseLong(lines[1]))
            .filter(whole -> whole.note().startsWith(begun))
            .isPresent();
  }

  private void requireUnchanged() throws IOException {
    long length = length();
    if (length != octets) {
      running = null;
      throw new Undelivered(
          "The file " + path + (length < octets ? " has become shorter: " : " has grown: ") + length
              + " octets after " + octets + ".");
    }
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer end = ByteBuffer.allocate(last.length);
      long from = octets - last.length;
      while (end.hasRemaining()) {
        int read = file.read(end, from + end.position());
        if (read < 0) {
          break;
        }
      }
      if (!Arrays.equals(end.array(), last)) {
        running = null;
        throw new Undelivered(
            "The file " + path + " was altered: its last checkpoint is not what was written.");
      }
    }
  }

  private void append(MessageDigest digest, byte[] note) throws IOException {
    byte[] whole = note;
    if (octets > 0 && !endsLine()) {
      // What was torn off ends here.
      whole = new byte[note.length + 1];
      whole[0] = '\n';
      System.arraycopy(note, 0, whole, 1, note.length);
    }
    Set<OpenOption> appending = Set.of(StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    try (FileChannel file = FileChannel.open(path, appending)) {
      ByteBuffer rest = ByteBuffer.wrap(whole);
      while (rest.hasRemaining()) {
        file.write(rest);
      }
      file.force(true);
    }
    digest.update(whole);
    octets += whole.length;
    last = note;
    appended++;
  }

  private boolean endsLine() throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer end = ByteBuffer.allocate(1);
      return file.read(end, octets - 1) == 1 && end.get(0) == '\n';
    }
  }

  private long length() throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new Undelivered("The file " + path
          + " is gone, or is no plain file. Nothing is appended until it is put back.");
    }
    return Files.size(path);
  }

  /** Never its folder: where that is missing, the mount is. */
  private void create() throws IOException {
    Set<OpenOption> anew = Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    try (FileChannel file = FileChannel.open(path, anew)) {
      file.force(true);
    }
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null) {
      try (FileChannel entry = FileChannel.open(folder, StandardOpenOption.READ)) {
        entry.force(true);
      }
    }
  }

  private static void skip(InputStream file, long count) throws IOException {
    byte[] some = new byte[64 * 1024];
    for (long left = count; left > 0; ) {
      int read = file.read(some, 0, (int) Math.min(some.length, left));
      if (read < 0) {
        throw new IOException("it became shorter while it was read");
      }
      left -= read;
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-256", e);
    }
  }

  private static MessageDigest copy(MessageDigest digest) {
    try {
      return (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("SHA-256 of this JVM cannot be copied", e);
    }
  }
}
