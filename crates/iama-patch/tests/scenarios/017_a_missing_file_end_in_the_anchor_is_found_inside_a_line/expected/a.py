result = compute()
