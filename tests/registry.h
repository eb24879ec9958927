#pragma once

#include <QObject>

#include <memory>
#include <vector>

/// The test classes of one executable. Each file with a test class makes one
/// `const Registered<TheTest> registered;`, and test_main.cpp runs them all.
using MakeTest = std::unique_ptr<QObject> (*)();

std::vector<MakeTest>& registeredTests();

template <class T>
struct Registered {
    Registered() {
        registeredTests().push_back([]() -> std::unique_ptr<QObject> {
            return std::make_unique<T>();
        });
    }
};
