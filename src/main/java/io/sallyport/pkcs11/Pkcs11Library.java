package io.sallyport.pkcs11;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Provider;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * What the JDK does not tell of a PKCS#11 library (v2.40): which token is in which slot and how its PIN stands; and a new
 * beginning for a library that lost a token and would not find it again by itself.
 */
public final class Pkcs11Library {
  private static final long OK = 0;
  private static final long ALREADY_INITIALIZED = 0x191;
  private static final Duration RESTART_AT_MOST_EVERY = Duration.ofSeconds(10);
  private static final int MOST_KEPT = 16;
  private static final int MOST_SLOTS = 256;
  private static final int TOKEN_INFO_OCTETS = 256;
  private static final int LABEL_OCTETS = 32;
  /** After label, manufacturer, model and serial number, each padded with blanks. */
  private static final int FLAGS_OFFSET = 96;

  private static final long TOKEN_INITIALIZED = 0x400;
  private static final long PIN_FINAL_TRY = 0x20000;
  private static final long PIN_LOCKED = 0x40000;
  /** CK_C_INITIALIZE_ARGS: four mutex functions, flags, reserved; the flag lets the library use the system's locks. */
  private static final int INITIALIZE_OCTETS = 48;

  private static final int INITIALIZE_FLAGS_OFFSET = 32;
  private static final long OS_LOCKING_OK = 2;

  private final ReadWriteLock use = new ReentrantReadWriteLock();
  private final String path;
  private final MethodHandle initialize;
  private final MethodHandle finish;
  private final MethodHandle slotList;
  private final MethodHandle tokenInfo;
  private final Deque<Provider> kept = new ArrayDeque<>();
  private volatile int life;
  private boolean inUse;
  private long restarted = System.nanoTime() - RESTART_AT_MOST_EVERY.toNanos();

  private Pkcs11Library(String path, SymbolLookup library) {
    this.path = path;
    this.initialize = function(library, "C_Initialize", ValueLayout.ADDRESS);
    this.finish = function(library, "C_Finalize", ValueLayout.ADDRESS);
    this.slotList = function(
        library, "C_GetSlotList", ValueLayout.JAVA_BYTE, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    this.tokenInfo =
        function(library, "C_GetTokenInfo", ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
  }

  /**
   * A token that is there.
   *
   * @param lastTry one more wrong PIN locks it
   * @param locked no PIN is taken any more
   */
  public record Present(long slot, String label, boolean lastTry, boolean locked) {}

  /** Throws {@link IllegalArgumentException} when there is no such library, or it is none. */
  public static Pkcs11Library load(String path) {
    Pkcs11Library library =
        new Pkcs11Library(path, SymbolLookup.libraryLookup(Path.of(path), Arena.global()));
    long answer = library.begin();
    if (answer != OK && answer != ALREADY_INITIALIZED) {
      throw new IllegalArgumentException(
          "C_Initialize answers 0x" + Long.toHexString(answer) + "; see to its own configuration");
    }
    return library;
  }

  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            library
                .find(name)
                .orElseThrow(() -> new IllegalArgumentException("no function " + name)),
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments));
  }

  /** The library's file. */
  public String path() {
    return path;
  }

  /** Held for reading by whoever uses a session, for writing by whoever ends them all. */
  public ReadWriteLock use() {
    return use;
  }

  /** Rises with each new beginning: sessions of another life are dead. */
  public int life() {
    return life;
  }

  /**
   * Ends every session and begins anew; while that fails, the library has no tokens. Call it with the lock for writing
   * held.
   */
  public void restart() {
    call(finish, MemorySegment.NULL);
    begin();
    life++;
    inUse = false;
    restarted = System.nanoTime();
  }

  /** Whether no session would be ended but dead ones, or it is some time since that was done. */
  public boolean mayRestart() {
    return !inUse || System.nanoTime() - restarted > RESTART_AT_MOST_EVERY.toNanos();
  }

  /**
   * Sessions are opened through {@code provider}. It is kept for a while even when it is of no use any more: what the JDK
   * cleans up behind a provider goes by numbers that the library gives again after a new beginning.
   */
  public void opened(Provider provider) {
    inUse = true;
    synchronized (kept) {
      kept.addLast(provider);
      if (kept.size() > MOST_KEPT) {
        kept.removeFirst();
      }
    }
  }

  /** What C_Initialize answers. */
  private long begin() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment arguments = arena.allocate(INITIALIZE_OCTETS, Long.BYTES);
      arguments.set(ValueLayout.JAVA_LONG, INITIALIZE_FLAGS_OFFSET, OS_LOCKING_OK);
      return call(initialize, arguments);
    }
  }

  /** The tokens that are there and were initialized. */
  public List<Present> tokens() {
    List<Present> found = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment slots = arena.allocate(ValueLayout.JAVA_LONG, MOST_SLOTS);
      count.set(ValueLayout.JAVA_LONG, 0, MOST_SLOTS);
      if (call(slotList, (byte) 1, slots, count) != OK) {
        return List.of();
      }
      for (int i = 0; i < count.get(ValueLayout.JAVA_LONG, 0); i++) {
        long slot = slots.getAtIndex(ValueLayout.JAVA_LONG, i);
        MemorySegment info = arena.allocate(TOKEN_INFO_OCTETS, Long.BYTES);
        if (call(tokenInfo, slot, info) == OK) {
          long flags = info.get(ValueLayout.JAVA_LONG, FLAGS_OFFSET);
          String label = new String(
              info.asSlice(0, LABEL_OCTETS).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
          if ((flags & TOKEN_INITIALIZED) != 0) {
            found.add(new Present(
                slot, label.strip(), (flags & PIN_FINAL_TRY) != 0, (flags & PIN_LOCKED) != 0));
          }
        }
      }
    }
    return found;
  }

  private long call(MethodHandle function, Object... arguments) {
    try {
      return (long) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(path + " cannot be called", e);
    }
  }
}
