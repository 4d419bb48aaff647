package io.sallyport.policy;

import io.sallyport.kernel.Refusal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Several documents in one text, read one by one; places of faults are those in the whole text. */
final class PolicyDocuments {
  /** YAML 1.2.2 §9.1.4, on a line of its own. */
  private static final Pattern SEPARATOR = Pattern.compile("(?m)^---[ \\t]*(?:#.*)?$\\R?");

  /** YAML lets a document begin behind its separator; nobody would see it there. */
  private static final Pattern BEHIND = Pattern.compile("(?m)^---[ \\t]+[^#\\s]");

  private static final Pattern NOTHING = Pattern.compile("(?:\\s*(?:#.*)?(?:\\R|$))*");
  private static final Pattern LINE = Pattern.compile("^line (\\d{1,7}),");

  private PolicyDocuments() {}

  /** A document that was read, and its text as it is stored. */
  record Document(ReadDocument read, String text) {
    String name() {
      return read.name();
    }

    String hash() {
      return read.hash();
    }
  }

  /** In order of the text. Refuses with {@code invalid-policy}, and when two have one name or there are too many. */
  static List<Document> read(String text) {
    List<Document> documents = new ArrayList<>();
    Map<String, Integer> lines = new HashMap<>();
    Matcher behind = BEHIND.matcher(text);
    if (behind.find()) {
      long line =
          1 + text.substring(0, behind.start()).chars().filter(c -> c == '\n').count();
      throw invalid("line " + line + ", column 4: write what stands behind --- on the next line");
    }
    Matcher separator = SEPARATOR.matcher(text);
    int start = 0;
    int first = 1;
    boolean more = true;
    while (more) {
      more = separator.find();
      String part = text.substring(start, more ? separator.start() : text.length());
      if (!NOTHING.matcher(part).matches()) {
        if (documents.size() == PolicyVersions.MOST_DOCUMENTS) {
          throw invalid("there are more than " + PolicyVersions.MOST_DOCUMENTS + " documents");
        }
        Document document = read(part, first);
        Integer other = lines.putIfAbsent(document.name(), first);
        if (other != null) {
          throw invalid("line " + first + ", column 1: a second policy " + document.name()
              + "; the first begins on line " + other);
        }
        documents.add(document);
      }
      int next = more ? separator.end() : text.length();
      first += Math.toIntExact(
          text.substring(start, next).chars().filter(c -> c == '\n').count());
      start = next;
    }
    return documents;
  }

  private static Document read(String part, int first) {
    try {
      return new Document(PolicyReader.read(part), part);
    } catch (Refusal refusal) {
      Matcher line = LINE.matcher(refusal.detail());
      throw line.find()
          ? invalid("line " + (Integer.parseInt(line.group(1)) + first - 1) + ","
              + refusal.detail().substring(line.end()))
          : invalid("the document that begins on line " + first + ": " + refusal.detail());
    }
  }

  private static Refusal invalid(String detail) {
    return new Refusal(PolicyProblem.INVALID_POLICY, detail);
  }
}
