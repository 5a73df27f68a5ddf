// An error category made of a table: the name and the description of each code.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace multimqtt {

/// What is said about one code.
struct ErrorEntry {
    std::string_view name;         ///< Of the enumerator.
    std::string_view description;  ///< One line for people.
};

/// The category of an enumeration whose codes count from 0 in the order of the table.
template <std::size_t Size>
class ErrorTable final : public std::error_category {
public:
    /// `entries` must outlive the category.
    constexpr ErrorTable(const char* name, const ErrorEntry (&entries)[Size]) noexcept
        : name_{name}, entries_{entries} {}

    [[nodiscard]] const char* name() const noexcept override { return name_; }
    [[nodiscard]] std::string message(int code) const override {
        const ErrorEntry* const entry = find(code);
        return std::string{entry != nullptr ? entry->description : "unknown failure"};
    }
    [[nodiscard]] std::string_view name_of(int code) const noexcept {
        const ErrorEntry* const entry = find(code);
        return entry != nullptr ? entry->name : "unknown";
    }

private:
    [[nodiscard]] const ErrorEntry* find(int code) const noexcept {
        return code >= 0 && static_cast<std::size_t>(code) < Size ? &entries_[code] : nullptr;
    }

    const char* name_;
    const ErrorEntry (&entries_)[Size];
};

}  // namespace multimqtt
