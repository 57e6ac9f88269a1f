print("è")
