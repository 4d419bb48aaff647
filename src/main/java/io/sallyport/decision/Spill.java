package io.sallyport.decision;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Batches of decisions in files, the oldest first, up to a bound. A file is a row of frames: the length of a batch, its
 * CRC-32C, the batch. What a crash tore off ends a file. A file goes when all of it was taken out; after a crash it is read
 * again from its beginning, and batches that are in the database already are known there by their ids.
 *
 * <p>What was appended survives the end of the process at once, and that of the machine from {@link #force} on. One thread
 * at a time.
 */
final class Spill implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Spill.class);
  private static final String SUFFIX = ".spill";
  private static final int HEADER = Integer.BYTES + Integer.BYTES;
  /** A batch of decisions that all have the largest question and the largest inputs is larger, and stays in memory. */
  private static final int MOST_FRAME = 32 << 20;

  /** How often a file is tried to be read before the later ones get their turn: some seconds. */
  private static final int READINGS = 20;

  private static final long DIGITS = 1_000_000_000_000L;

  private final Path folder;
  private final long most;
  private final long mostInFile;
  private final FileChannel lockFile;
  private final Deque<Segment> segments = new ArrayDeque<>();
  private long number;
  private @Nullable FileChannel tail;
  private @Nullable FileChannel head;
  private @Nullable SpilledBatch first;
  private long firstEnd;
  private long position;
  private int failures;
  private int unread;

  /** A file, and what is in it. */
  private static final class Segment {
    final Path file;
    long octets;

    Segment(Path file, long octets) {
      this.file = file;
      this.octets = octets;
    }
  }

  private Spill(Path folder, long most, long mostInFile, FileChannel lockFile) {
    this.folder = folder;
    this.most = most;
    this.mostInFile = mostInFile;
    this.lockFile = lockFile;
  }

  /**
   * Opens what is there, or nothing yet, for this process alone.
   *
   * @param most octets on disk, but for one batch
   * @param mostInFile octets in one file, but for one batch
   */
  static Spill open(Path folder, long most, long mostInFile) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, permissions(folder, "rwx------"));
    }
    FileChannel lockFile = FileChannel.open(
        folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = lockFile.tryLock();
      if (lock == null) {
        throw new IOException(folder + " is in use by another process; give each node its own");
      }
      Spill spill = new Spill(folder, most, mostInFile, lockFile);
      spill.find();
      return spill;
    } catch (OverlappingFileLockException e) {
      lockFile.close();
      throw new IOException(folder + " is in use; give each node its own", e);
    } catch (IOException e) {
      lockFile.close();
      throw e;
    }
  }

  private void find() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found = files
          .filter(file -> file.getFileName().toString().matches("[0-9]{12}\\" + SUFFIX))
          .sorted()
          .toList();
      for (Path file : found) {
        segments.add(new Segment(file, Files.size(file)));
        number = Long.parseLong(file.getFileName().toString().substring(0, 12));
      }
    }
  }

  boolean isEmpty() {
    return segments.isEmpty();
  }

  boolean hasRoom() {
    return octets() < most;
  }

  /** On disk. */
  long octets() {
    long octets = 0;
    for (Segment segment : segments) {
      octets += segment.octets;
    }
    return octets;
  }

  /**
   * Puts a batch behind all others; false when there is no room for it or it is larger than is read back, and throws when it
   * cannot be written.
   */
  boolean append(SpilledBatch batch) throws IOException {
    byte[] octets = batch.octets();
    if (!hasRoom() || octets.length > MOST_FRAME) {
      return false;
    }
    FileChannel to = tail();
    Segment segment = segments.getLast();
    ByteBuffer frame = ByteBuffer.allocate(HEADER + octets.length)
        .putInt(octets.length)
        .putInt(checksum(octets))
        .put(octets)
        .flip();
    try {
      while (frame.hasRemaining()) {
        to.write(frame);
      }
      segment.octets += frame.limit();
    } catch (IOException e) {
      // What was begun must not stand before what follows.
      to.close();
      tail = null;
      throw e;
    }
    if (segment.octets >= mostInFile) {
      to.force(true);
      to.close();
      tail = null;
    }
    return true;
  }

  private FileChannel tail() throws IOException {
    FileChannel open = tail;
    if (open == null) {
      number++;
      Path file = folder.resolve(Long.toString(DIGITS + number).substring(1) + SUFFIX);
      Files.createFile(file, permissions(folder, "rw-------"));
      open = FileChannel.open(file, StandardOpenOption.WRITE);
      tail = open;
      segments.add(new Segment(file, 0));
    }
    return open;
  }

  /** Until this returns, a loss of power may take what was appended last. */
  void force() throws IOException {
    if (tail != null) {
      tail.force(true);
    }
  }

  /** The oldest batch, or null when nothing is left. Throws when it cannot be read now; not for ever, see {@link #READINGS}. */
  @Nullable
  SpilledBatch first() throws IOException {
    while (first == null && !segments.isEmpty()) {
      Segment segment = segments.getFirst();
      try {
        first = read(head(segment), segment);
        failures = 0;
        if (first == null) {
          drop(segment);
        }
      } catch (IllegalArgumentException e) {
        setAside(segment, "was written by another version", e);
      } catch (IOException e) {
        failures++;
        closeHead();
        if (failures < READINGS) {
          throw e;
        }
        setAside(segment, "cannot be read", e);
      }
    }
    return first;
  }

  private FileChannel head(Segment segment) throws IOException {
    FileChannel open = head;
    if (open == null) {
      open = FileChannel.open(segment.file, StandardOpenOption.READ);
      head = open;
      position = 0;
    }
    return open;
  }

  private void setAside(Segment segment, String why, Exception cause) throws IOException {
    failures = 0;
    unread++;
    Path aside = segment.file.resolveSibling(segment.file.getFileName() + ".unread");
    LOG.errorf(
        cause,
        "%s %s: it is set aside as %s, and what is in it is not in the decision log",
        segment.file,
        why,
        aside.getFileName());
    leave(segment);
    try {
      Files.move(segment.file, aside);
    } catch (IOException e) {
      LOG.warnf("%s could not be renamed and is read again by the next start: %s", segment.file, e);
    }
  }

  /** Files that were set aside. */
  int unread() {
    return unread;
  }

  private @Nullable SpilledBatch read(FileChannel from, Segment segment) throws IOException {
    long left = segment.octets - position;
    if (left <= 0) {
      return null;
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    if (left >= HEADER && fill(from, header, position)) {
      int length = header.flip().getInt();
      int checksum = header.getInt();
      if (length > 0 && length <= MOST_FRAME && length <= left - HEADER) {
        ByteBuffer body = ByteBuffer.allocate(length);
        if (fill(from, body, position + HEADER) && checksum(body.array()) == checksum) {
          firstEnd = position + HEADER + length;
          return SpilledBatch.read(body.array());
        }
      }
    }
    LOG.warnf(
        "%s ends with a torn record of decisions: %d octets are left out", segment.file, left);
    return null;
  }

  private static boolean fill(FileChannel from, ByteBuffer into, long at) throws IOException {
    while (into.hasRemaining()) {
      if (from.read(into, at + into.position()) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes out what {@link #first} answered. */
  void removeFirst() throws IOException {
    first = null;
    position = firstEnd;
    Segment segment = segments.getFirst();
    if (position >= segment.octets) {
      drop(segment);
    }
  }

  private void drop(Segment segment) throws IOException {
    leave(segment);
    Files.deleteIfExists(segment.file);
  }

  private void leave(Segment segment) throws IOException {
    segments.remove(segment);
    closeHead();
    FileChannel open = tail;
    if (open != null && segments.isEmpty()) {
      tail = null;
      open.close();
    }
  }

  private void closeHead() throws IOException {
    FileChannel open = head;
    if (open != null) {
      head = null;
      open.close();
    }
  }

  private static int checksum(byte[] octets) {
    CRC32C checksum = new CRC32C();
    checksum.update(octets);
    return (int) checksum.getValue();
  }

  private static FileAttribute<?>[] permissions(Path folder, String letters) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(letters))
        }
        : new FileAttribute<?>[0];
  }

  /** What is in it stays. */
  @Override
  public void close() throws IOException {
    if (head != null) {
      head.close();
    }
    if (tail != null) {
      tail.force(true);
      tail.close();
    }
    lockFile.close();
  }
}
