// Names that cannot be mixed up: a site's id is not a run's id although both are text.
//
// An Id is 1 to 64 of [a-z0-9._-], starting with a letter or digit, so that it is also a file name, a
// certificate's common name and a JSON key. Only parse() makes one from outside text.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh {

bool is_valid_id(std::string_view text);

template <class Tag>
class Id {
  public:
    Id() = default;

    // bad_input: the text is not an id; `what` names the thing in the message ("site").
    static Result<Id> parse(std::string_view text, std::string_view what) {
        if (!is_valid_id(text)) {
            return fail(
                Code::bad_input,
                "{} name '{}': use 1 to 64 of a-z, 0-9, '.', '_', '-', starting with a letter or digit", what,
                text.substr(0, 80));
        }
        return Id(std::string(text));
    }

    const std::string& text() const { return text_; }
    auto operator<=>(const Id&) const = default;

  private:
    explicit Id(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

using SiteId = Id<struct SiteTag>;
using RunId = Id<struct RunTag>;

}  // namespace euromesh
