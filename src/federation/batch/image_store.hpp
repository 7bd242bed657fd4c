// The container images that lie at a site, by digest.
//
// Why the digest is recomputed here: whoever submits a job names an image by what is in it, and what is
// started must be just that, whoever had the file in his hands. It is computed once, over all bytes; after
// that the file counts as the same for as long as size, inode and times are (os::FileMark), also in later
// lives of the agent. An image is one file, IMAGES/HEX.SUFFIX; users name digests, never paths.
//
// For a runtime that wants folders a SquashFS is unpacked once, into a folder on the shared file system.
// Thread rule: one thread. Limits: it computes and unpacks while it is asked (3 s a gigabyte and more); it
// does not guard the folders against the user whom jobs run as: let the images belong to somebody else.
// Nothing is fetched from anywhere, and what was unpacked is never removed.
#pragma once

#include <map>
#include <string>

#include "base/os/folder.hpp"

namespace euromesh::federation {

struct ImageStoreOptions {
    os::Path images;      // where they lie; a whole path
    std::string suffix;   // of their names, ".sqfs"
    os::Path memory;      // file: what was computed
    os::Path unpacked{};  // folder; empty: images are used as they are
};

class ImageStore {
  public:
    // A memory that is not there, or damaged, is an empty one.
    explicit ImageStore(ImageStoreOptions options);

    // "sha256:HEX" -> the image's file, or the folder that it is unpacked in. not_found: it does not lie at
    // the site; refused: what lies there is another one, in one line that says where and how to bring it.
    // bad_input: no digest. unavailable, no_space: try again.
    Result<os::Path> find(const std::string& digest);

    // Copies a file to its place, and says its digest.
    Result<std::string> add(const os::Path& file);

  private:
    os::Path file_of(const std::string& hex) const { return options_.images / (hex + options_.suffix); }
    Status check(const std::string& hex);
    Result<os::Path> unpack(const std::string& hex);
    void remember(const std::string& hex, const os::FileMark& mark);

    ImageStoreOptions options_;
    std::map<std::string, os::FileMark> known_{};
};

}  // namespace euromesh::federation
