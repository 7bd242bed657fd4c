#include "base/os/user_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>

using namespace euromesh;
using namespace euromesh::os;

namespace {

// Sets or unsets a variable, and puts the old value back.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { set(old_ ? old_->c_str() : nullptr); }

  private:
    void set(const char* value) const {
        if (value != nullptr)
            ::setenv(name_, value, 1);
        else
            ::unsetenv(name_);
    }
    const char* name_;
    std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("the first of three that is set, and absolute, says where") {
    const Variable home("HOME", "/somewhere");
    const Variable base("XDG_CONFIG_HOME", nullptr);
    const Variable own("EUROMESH_CONFIG", nullptr);
    CHECK(user_config_folder().value() == "/somewhere/.config/euromesh");
    {
        const Variable set("XDG_CONFIG_HOME", "/settings");
        CHECK(user_config_folder().value() == "/settings/euromesh");
        const Variable mine("EUROMESH_CONFIG", "/mine");
        CHECK(user_config_folder().value() == "/mine");
        const Variable relative("EUROMESH_CONFIG", "mine");
        CHECK(user_config_folder().value() == "/settings/euromesh");
    }
    const Variable none("HOME", nullptr);
    CHECK(user_config_folder().error().code == Code::not_found);
}
