package io.sallyport.admin.console;

import java.util.ArrayList;
import java.util.List;

/** What is different between two texts, line by line, with a few lines around it. */
final class TextDifference {
  /** Lines around a difference. */
  private static final int AROUND = 3;
  /** Pairs of lines that are compared; of texts that are longer the middle is shown as replaced whole. */
  private static final int MOST_PAIRS = 1_000_000;

  private TextDifference() {}

  /**
   * A line.
   *
   * @param sign {@code +}, {@code -} or a space; {@code …} where lines were left out
   */
  record Line(String sign, String text) {
    /** For its color. */
    public String css() {
      return switch (sign) {
        case "+" -> "added";
        case "-" -> "removed";
        default -> "";
      };
    }
  }

  static List<Line> of(String before, String after) {
    List<String> from = before.lines().toList();
    List<String> to = after.lines().toList();
    int head = 0;
    while (head < Math.min(from.size(), to.size()) && from.get(head).equals(to.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < Math.min(from.size(), to.size()) - head
        && from.get(from.size() - 1 - tail).equals(to.get(to.size() - 1 - tail))) {
      tail++;
    }
    List<Line> lines = new ArrayList<>();
    from.subList(0, head).forEach(line -> lines.add(new Line(" ", line)));
    middle(from.subList(head, from.size() - tail), to.subList(head, to.size() - tail), lines);
    from.subList(from.size() - tail, from.size()).forEach(line -> lines.add(new Line(" ", line)));
    return near(lines);
  }

  /** By the longest common part of both. */
  private static void middle(List<String> from, List<String> to, List<Line> lines) {
    if ((long) from.size() * to.size() > MOST_PAIRS) {
      from.forEach(line -> lines.add(new Line("-", line)));
      to.forEach(line -> lines.add(new Line("+", line)));
      return;
    }
    int[][] common = new int[from.size() + 1][to.size() + 1];
    for (int i = from.size() - 1; i >= 0; i--) {
      for (int j = to.size() - 1; j >= 0; j--) {
        common[i][j] = from.get(i).equals(to.get(j))
            ? common[i + 1][j + 1] + 1
            : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    int i = 0;
    int j = 0;
    while (i < from.size() || j < to.size()) {
      if (i < from.size() && j < to.size() && from.get(i).equals(to.get(j))) {
        lines.add(new Line(" ", from.get(i++)));
        j++;
      } else if (j == to.size() || i < from.size() && common[i + 1][j] >= common[i][j + 1]) {
        lines.add(new Line("-", from.get(i++)));
      } else {
        lines.add(new Line("+", to.get(j++)));
      }
    }
  }

  private static List<Line> near(List<Line> lines) {
    List<Line> near = new ArrayList<>();
    boolean skipped = false;
    for (int at = 0; at < lines.size(); at++) {
      boolean shown =
          lines.subList(Math.max(0, at - AROUND), Math.min(lines.size(), at + AROUND + 1)).stream()
              .anyMatch(line -> !line.sign().equals(" "));
      if (shown) {
        near.add(lines.get(at));
      } else if (!skipped) {
        near.add(new Line("…", ""));
      }
      skipped = !shown;
    }
    return near;
  }
}
