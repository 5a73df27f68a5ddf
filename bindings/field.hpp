// A named value from Python on its way into an option of the engine.
#pragma once

#include "failures.hpp"
#include "multimqtt/options.hpp"

#include <nanobind/nanobind.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt::bindings {

/// Reads one value as one type. Each function throws: `TypeError` for a wrong type, `UnicodeEncodeError`
/// for lone surrogates, and the failure `bad_config` for a value that the type of the option cannot hold.
class Field {
public:
    Field(const char* name, nb::handle value) : name_{name}, value_{value} {}

    [[nodiscard]] nb::handle value() const { return value_; }
    [[nodiscard]] bool is_none() const { return value_.is_none(); }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string text_or_bytes() const;
    [[nodiscard]] bool flag() const;
    [[nodiscard]] std::chrono::milliseconds milliseconds() const;
    [[nodiscard]] std::chrono::seconds seconds() const;
    [[nodiscard]] std::vector<std::string> texts() const;
    [[nodiscard]] UserProperties user_properties() const;
    [[nodiscard]] Qos qos() const;

    template <class Number>
    [[nodiscard]] Number integer() const {
        return static_cast<Number>(integer(std::uint64_t{std::numeric_limits<Number>::max()}));
    }

    /// The enumerator that one of the `words` stands for.
    template <class Enumerator>
    [[nodiscard]] Enumerator choice(
        std::initializer_list<std::pair<std::string_view, Enumerator>> words) const {
        const std::string chosen = text();
        std::string allowed;
        for (const auto& [word, enumerator] : words) {
            if (word == chosen) {
                return enumerator;
            }
            allowed.append(allowed.empty() ? "\"" : ", \"").append(word).append("\"");
        }
        refuse('"' + chosen + '"', allowed);
    }

    [[noreturn]] void refuse_type(const char* expected) const;
    [[noreturn]] void refuse(const std::string& given, const std::string& allowed) const;

private:
    [[nodiscard]] std::uint64_t integer(std::uint64_t maximum) const;

    const char* name_;
    nb::handle value_;
};

/// As Python shows user properties: a list of pairs.
[[nodiscard]] nb::list to_python(const UserProperties& properties);

/// Text of the engine as a `str`; what is not UTF-8 in it is shown as U+FFFD.
[[nodiscard]] nb::object to_python(std::string_view text);

}  // namespace multimqtt::bindings
