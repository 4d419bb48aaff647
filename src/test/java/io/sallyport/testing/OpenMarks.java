package io.sallyport.testing;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.marks.Mark;
import io.sallyport.marks.Marks;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** For tests of jobs in a database that nobody keeps marks of. */
public class OpenMarks implements Marks {
  private volatile @Nullable String restart;

  /** Why the node would have to be started anew, or null. */
  public @Nullable String restart() {
    return restart;
  }

  @Override
  public void begin() {}

  @Override
  public @Nullable Refusal refusal() {
    return null;
  }

  @Override
  public void requireForward(Connection connection) {}

  @Override
  public void raiseLog(Connection connection, long size, Digest root) {}

  @Override
  public void raiseLists(Map<String, Long> highest) {}

  @Override
  public List<Mark> unmet(Connection connection) {
    return List.of();
  }

  @Override
  public void acceptClock() {}

  @Override
  public void refuseUntilRestart(String sentence) {
    restart = sentence;
  }

  @Override
  public void look() {}
}
