package io.sallyport.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The policy documents of a file, or of all files of a folder in the order of their names, as one text. */
final class PolicyFiles {
  private PolicyFiles() {}

  static String read(Path path) {
    if (!Files.isDirectory(path)) {
      return Pem.text(path);
    }
    try (Stream<Path> entries = Files.list(path)) {
      List<Path> files = entries.filter(PolicyFiles::isYaml).sorted().toList();
      if (files.isEmpty()) {
        throw Failure.usage(path + " holds no .yaml or .yml file.");
      }
      // Each is read by itself first, so that a fault is told of the file and not of the whole.
      files.forEach(file -> Documents.read(Pem.text(file), file.toString()));
      return files.stream()
          .map(Pem::text)
          .map(text -> text.endsWith("\n") ? text : text + "\n")
          .collect(Collectors.joining("---\n"));
    } catch (IOException e) {
      throw Failure.usage(path + " cannot be read: " + e.getMessage());
    }
  }

  private static boolean isYaml(Path file) {
    String name = file.getFileName().toString();
    return Files.isRegularFile(file) && (name.endsWith(".yaml") || name.endsWith(".yml"));
  }
}
