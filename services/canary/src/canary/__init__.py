"""The canary: a client of Headway that tells an operator what clients see."""
