"""Letters of other scripts that look like Latin ones (Unicode TR 39, the common part)."""

ALIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝқмтвнкАВЕКМНОРСТХІЈЅοаνρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧℓ",
    "aeopcyxijshdqwkmtbhkABEKMHOPCTXIJSoavptuikABEZHIKMNOPTYXl",
)
